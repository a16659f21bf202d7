export { type Tagged, type Tagging, type TaggingOptions, tagAll, tagging } from "./tagging.ts";
export { type TokenMdpOptions, tokenMdp, tokensIn } from "./token-mdp.ts";
