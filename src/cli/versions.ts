import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** This package's version, as its package.json says. */
export function version(): string {
  return require("../../package.json").version;
}

/** Of this package, of Node, and of the ONNX Runtime that does the arithmetic: what a run's last bits hang on. */
export function versions(): Record<string, string> {
  return { apprentice: version(), node: process.versions.node, onnxruntime: require("onnxruntime-node/package.json").version };
}
