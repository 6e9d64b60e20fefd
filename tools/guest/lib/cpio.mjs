// An initramfs is a cpio archive in the "newc" format: per entry a header of 110 ASCII bytes, the
// name with its NUL, padding to 4, the content, padding to 4; the entry TRAILER!!! ends it.
// Written here rather than by cpio(1) because that way device nodes need no root.

const FILE = 0o100000;
const DIRECTORY = 0o040000;
const CHARACTER_DEVICE = 0o020000;
const SYMLINK = 0o120000;

export class CpioArchive {
  #chunks = [];
  #inode = 1;

  directory(path, mode = 0o755) {
    return this.#add(path, DIRECTORY | mode, Buffer.alloc(0));
  }

  file(path, content, mode = 0o644) {
    return this.#add(path, FILE | mode, Buffer.from(content));
  }

  symlink(path, target) {
    return this.#add(path, SYMLINK | 0o777, Buffer.from(target));
  }

  characterDevice(path, major, minor, mode = 0o600) {
    return this.#add(path, CHARACTER_DEVICE | mode, Buffer.alloc(0), { major, minor });
  }

  /** The whole archive; nothing can be added afterwards. */
  finish() {
    this.#add('TRAILER!!!', 0, Buffer.alloc(0));
    return Buffer.concat(this.#chunks);
  }

  #add(path, mode, content, device = { major: 0, minor: 0 }) {
    const name = Buffer.from(`${path}\0`);
    const fields = [
      this.#inode++,
      mode,
      0,
      0,
      1,
      0,
      content.length,
      0,
      0,
      device.major,
      device.minor,
      name.length,
      0,
    ];
    const header = Buffer.from(
      `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
    );
    this.#chunks.push(padded(Buffer.concat([header, name])), padded(content));
    return this;
  }
}

function padded(bytes) {
  const missing = (4 - (bytes.length % 4)) % 4;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
