import { expect, it } from "vitest";
import { diskError } from "./node-error.ts";

it.each([
  ["ENOSPC", "full", "No space is left for /data; it goes on once there is."],
  ["EACCES", "failed", "Not allowed to use /data; check its owner and its rights."],
  ["EROFS", "failed", "/data is on a file system that cannot be written to."],
  ["ENOENT", "failed", "/data does not exist."],
  ["ENOTDIR", "failed", "/data is in the way; it is not what a store needs there."],
  ["EIO", "failed", "/data: EIO: i/o error."],
])("%s is a whole sentence", (code, kind, message) => {
  const error = Object.assign(new Error("EIO: i/o error"), { code });
  expect(diskError(error, "/data")).toMatchObject({ kind, message });
});
