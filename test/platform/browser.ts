import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Page, chromium as playwright } from "playwright-core";

const installed = [
  process.env.CHROME_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A headless browser that is there without a download: the one that comes as an npm package (Linux, x64), or the system's own. */
async function executable(): Promise<{ path: string; args: string[] } | undefined> {
  if (process.platform === "linux" && process.arch === "x64") {
    const { default: packed } = await import("@sparticuz/chromium");
    return { path: await packed.executablePath(), args: packed.args };
  }
  const path = installed.find((own) => own && existsSync(own));
  return path ? { path, args: [] } : undefined;
}

const types: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

/** Serves a folder to a page of a headless browser; gives `undefined` where no browser is found. */
export async function withPage<T>(folder: string, use: (page: Page, address: string) => Promise<T>): Promise<T | undefined> {
  const found = await executable();
  if (!found) return undefined;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://page").pathname;
    try {
      const body = await readFile(join(folder, path));
      response.writeHead(200, { "content-type": types[path.split(".").at(-1)!] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const browser = await playwright.launch({ executablePath: found.path, args: found.args, headless: true });
  try {
    return await use(await browser.newPage(), `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    await browser.close();
    server.close();
  }
}
