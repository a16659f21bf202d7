import { serve } from "./apart.ts";
import { conduct } from "./benchmark-cell.ts";

serve(import.meta.url, conduct);
