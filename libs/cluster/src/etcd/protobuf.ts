/**
 * Protocol Buffers' wire format, as much of it as etcd's messages need.
 *
 *     message = { tag value } ; tag = varint(field << 3 | type)
 *     type 0: varint (64-bit, two's complement) · type 2: varint length, bytes (bytes, string, message)
 *
 * Fields of other types (1: eight bytes, 5: four bytes) are skipped, unknown fields too, as the format demands. Bytes from
 * outside never make the reader run past their end: malformed ones throw ProtobufError.
 */

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const VARINT_BYTES_MAX = 10;
const TYPE_VARINT = 0;
const TYPE_FIXED64 = 1;
const TYPE_BYTES = 2;
const TYPE_FIXED32 = 5;

/** Collects the fields of one message. Zero, false and empty values are left out unless asked for. */
export class ProtobufWriter {
  private readonly parts: Buffer[] = [];

  int64(
    field: number,
    value: number | bigint,
    options: { readonly evenZero?: boolean } = {},
  ): this {
    const integer = BigInt.asUintN(64, BigInt(value));
    if (integer !== 0n || options.evenZero === true) {
      this.parts.push(varint(BigInt(field * 8 + TYPE_VARINT)), varint(integer));
    }
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.int64(field, value ? 1 : 0);
  }

  bytes(field: number, value: Buffer): this {
    if (value.length > 0) this.delimited(field, value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  /** A nested message counts even when it is empty. */
  message(field: number, value: ProtobufWriter): this {
    this.delimited(field, value.finish());
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }

  private delimited(field: number, value: Buffer): void {
    this.parts.push(varint(BigInt(field * 8 + TYPE_BYTES)), varint(BigInt(value.length)), value);
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

/** One field of a message as it came. */
export interface ProtobufField {
  readonly number: number;
  /** The value of a varint field, 0 for others. */
  readonly integer: bigint;
  /** The content of a length-delimited field, empty for others. */
  readonly bytes: Buffer;
}

/** The fields of a message in their order; a field may occur more than once. */
export function* fieldsOf(message: Buffer): Generator<ProtobufField> {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const tag = readVarint(message, cursor);
    const number = Number(tag >> 3n);
    const type = Number(tag & 7n);
    if (type === TYPE_VARINT) {
      yield { number, integer: readVarint(message, cursor), bytes: EMPTY };
    } else if (type === TYPE_BYTES) {
      const length = Number(readVarint(message, cursor));
      yield { number, integer: 0n, bytes: take(message, cursor, length) };
    } else if (type === TYPE_FIXED64) {
      take(message, cursor, 8);
    } else if (type === TYPE_FIXED32) {
      take(message, cursor, 4);
    } else {
      throw new ProtobufError(`field ${number} has the unknown type ${type}`);
    }
  }
}

const EMPTY = Buffer.alloc(0);

function take(message: Buffer, cursor: { at: number }, length: number): Buffer {
  if (length > message.length - cursor.at)
    throw new ProtobufError('a field ends after its message');
  const bytes = message.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return bytes;
}

function readVarint(message: Buffer, cursor: { at: number }): bigint {
  let value = 0n;
  for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
    const byte = message[cursor.at];
    if (byte === undefined) throw new ProtobufError('a number ends after its message');
    cursor.at += 1;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new ProtobufError('a number is longer than 64 bits');
}

/** A field as the signed 64-bit integer that it is. */
export function signed(field: ProtobufField): bigint {
  return BigInt.asIntN(64, field.integer);
}

/** A field as a number that must be exact: revisions, counts, seconds. */
export function exactNumber(field: ProtobufField): number {
  const value = Number(signed(field));
  if (!Number.isSafeInteger(value)) throw new ProtobufError('a number is beyond 2^53');
  return value;
}
