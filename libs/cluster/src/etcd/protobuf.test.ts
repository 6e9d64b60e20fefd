import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { decodeRange, decodeTxn, decodeWatch, endOfPrefix } from './messages';
import { exactNumber, fieldsOf, ProtobufError, ProtobufWriter, signed } from './protobuf';

describe('the wire format', () => {
  it('gives back every signed 64-bit integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const [field] = [
          ...fieldsOf(new ProtobufWriter().int64(5, value, { evenZero: true }).finish()),
        ];
        expect(field?.number).toBe(5);
        expect(field && signed(field)).toBe(value);
      }),
    );
  });

  it('gives back strings and nested messages in their order', () => {
    const message = new ProtobufWriter()
      .string(1, 'ä')
      .message(2, new ProtobufWriter().string(1, 'b'))
      .message(2, new ProtobufWriter())
      .finish();
    expect([...fieldsOf(message)].map((field) => field.bytes.length)).toEqual([2, 3, 0]);
  });

  it('skips fields of fixed width', () => {
    const message = Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 7]);
    expect([...fieldsOf(message)].map((field) => field.integer)).toEqual([7n]);
  });

  it('refuses a number beyond 2^53 where it must be exact', () => {
    const [field] = [...fieldsOf(new ProtobufWriter().int64(1, 2n ** 60n).finish())];
    expect(() => field && exactNumber(field)).toThrow(ProtobufError);
  });

  it('answers arbitrary bytes with a value or a ProtobufError, never otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of [decodeRange, decodeTxn, decodeWatch]) {
          try {
            decode(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(ProtobufError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('ends a prefix before its next neighbour', () => {
    expect(endOfPrefix('/cairn/vol/')).toBe('/cairn/vol0');
  });
});
