import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useRuntime } from "../../src/autodiff/index.ts";
import { withPage } from "./browser.ts";
import { act, type Figures, trainAndExport } from "./programs.ts";

let native: Figures;
beforeAll(async () => {
  native = await trainAndExport();
});

function expectAgreement(found: Figures): void {
  for (const key of ["losses", "gradNorms", "theta", "probabilities"] as const) {
    expect(found[key].length).toBe(native[key].length);
    const worst = Math.max(...found[key].map((value, i) => Math.abs(value - native[key][i])));
    expect(worst, key).toBeLessThan(1e-5);
  }
  expect(found.actions).toEqual(native.actions);
}

describe("the native runtime", () => {
  it("learns, so that what the others are compared with means something", () => {
    expect(native.losses.length).toBe(40);
    expect(native.losses.at(-1)).toBeLessThan(0.8 * native.losses[0]);
    expect(new Set(native.actions).size).toBeGreaterThan(1);
  });
});

describe("WebAssembly under Node", () => {
  afterAll(() => useRuntime());

  it("trains along the same curve, writes the same policy and acts the same", async () => {
    useRuntime(await import("onnxruntime-web"));
    const found = await trainAndExport();
    expectAgreement(found);
    // and each runs the other's file
    const mine = await act(Uint8Array.from(native.policy));
    expect(mine.actions).toEqual(native.actions);
    expect(Math.max(...mine.probabilities.map((p, i) => Math.abs(p - native.probabilities[i])))).toBeLessThan(1e-5);
  });
});

describe("a page in a browser", () => {
  it("that bundles the library trains along the same curve, writes the same policy and acts the same", async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), "apprentice-page-"));
    const root = new URL(".", import.meta.url).pathname;
    try {
      await build({
        root,
        configFile: false,
        logLevel: "error",
        build: { outDir: folder, rolldownOptions: { input: join(root, "page.html") }, minify: false },
      });
      const found = await withPage(folder, async (page, address) => {
        await page.goto(`${address}page.html`);
        return {
          figures: await page.evaluate<Figures>("figures"),
          agent: await page.evaluate<string>("navigator.userAgent"),
          node: await page.evaluate<boolean>("'process' in globalThis"),
        };
      });
      if (!found) return skip("no browser on this machine: install Chromium, or set CHROME_PATH");
      expect(found.agent).toContain("Chrome");
      expect(found.node).toBe(false);
      expectAgreement(found.figures);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
