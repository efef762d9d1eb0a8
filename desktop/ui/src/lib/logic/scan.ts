// Reads a QR code from a picture. Everything stays on this device.
import decodeQR from "qr/decode.js";

/** Larger pictures are read at this size: a code that fills a part of a photo is still found. */
const LARGEST = 1600;

/** The bytes of the code, one character each, or `null` if there is none to be found. */
export async function scan(picture: Blob): Promise<string | null> {
  const bitmap = await createImageBitmap(picture).catch(() => null);
  if (!bitmap) return null;
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return read(context.getImageData(0, 0, canvas.width, canvas.height));
}

/** The bytes of the code in pixels of four bytes each. */
export function read({ data, width, height }: Pick<ImageData, "data" | "width" | "height">): string | null {
  try {
    return decodeQR({ data, width, height }, { textDecoder: (bytes) => String.fromCharCode(...bytes) });
  } catch {
    return null;
  }
}
