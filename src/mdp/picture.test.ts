import { expect, describe as group, it } from "vitest";
import { rng } from "../autodiff/random.ts";
import { pictureIn } from "./picture.ts";
import { box, bytes, describe, dict, discrete, isBytes, misfit, sameSpace, sampleInto } from "./space.ts";
import { spaceFromJson, spaceToJson } from "./space-json.ts";

group("a space of bytes", () => {
  const space = dict({ picture: bytes([3, 4, 5]), state: bytes([2]) });

  it("is a box of whole numbers from 0 to 255, and says so", () => {
    expect(describe(space)).toBe("dict{picture: bytes[3, 4, 5], state: bytes[2]}");
    expect(misfit(bytes([2]), [0, 255])).toBeUndefined();
    expect(misfit(bytes([2]), [0, 256])).toMatch(/entry 1 is 256, expected 0 to 255/);
    expect(misfit(bytes([2]), [0.5, 1])).toMatch(/entry 0 is 0.5, expected a whole number from 0 to 255/);
    expect(isBytes(space)).toBe(true);
    expect(isBytes(dict({ picture: bytes([3, 4, 5]), state: box([2]) }))).toBe(false);
    expect(isBytes(discrete(256))).toBe(false);
    const drawn = new Float32Array(62);
    sampleInto(space, rng(1), drawn);
    expect(misfit(space, drawn)).toBeUndefined();
    expect(Math.max(...drawn)).toBeGreaterThan(200);
  });

  it("survives as JSON, and is not the box with its bounds", () => {
    expect(spaceFromJson(JSON.parse(JSON.stringify(spaceToJson(space))))).toEqual(space);
    expect(sameSpace(bytes([4]), box([4], 0, 255))).toBe(false);
    expect(sameSpace(bytes([4]), bytes([4]))).toBe(true);
  });
});

group("the picture of an observation", () => {
  it("is its part with three sides, wherever it stands", () => {
    const picture = bytes([3, 4, 5]);
    expect(pictureIn(picture)).toEqual({ from: 0, channels: 3, height: 4, width: 5 });
    const space = dict({ a: box([7]), camera: picture, z: discrete(2) });
    expect(pictureIn(space)).toEqual({ from: 7, channels: 3, height: 4, width: 5 });
    expect(pictureIn(dict({ left: picture, right: picture }), "right").from).toBe(60);
  });

  it("must be there, and named if there are two", () => {
    expect(() => pictureIn(box([60]))).toThrow(/found none in box\[60\]/);
    const two = dict({ left: bytes([1, 2, 2]), right: bytes([1, 2, 2]) });
    expect(() => pictureIn(two)).toThrow(/has the pictures left, right; name one of them$/);
    expect(() => pictureIn(two, "up")).toThrow(/name one of them, found "up"$/);
  });
});
