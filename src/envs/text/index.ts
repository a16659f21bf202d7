export { type Tagged, type Tagging, type TaggingOptions, tagAll, tagging } from "./tagging.ts";
