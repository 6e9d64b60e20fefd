import { describe, expect, it } from 'vitest';
import { fillSector, SECTOR_BYTES, SectorModel } from './sector-model';

/** A sector's content, as the device would give it. */
function content(id: number, sector: number): Buffer {
  const words = new Uint32Array(SECTOR_BYTES / 4);
  fillSector(words, 0, id, sector);
  return Buffer.from(words.buffer);
}

describe('the model of a volume after a crash', () => {
  it('wants zeroes where nothing was written', () => {
    const model = new SectorModel(4);
    expect(model.check(0, Buffer.alloc(SECTOR_BYTES))).toEqual([]);
    expect(model.check(0, content(1, 0))).toHaveLength(1);
  });

  it('finds a lost acknowledged write', () => {
    const model = new SectorModel(4);
    model.acknowledge(model.begin(1, 1, false));
    expect(model.check(1, Buffer.alloc(SECTOR_BYTES))).toHaveLength(1);
    expect(model.check(1, content(1, 1))).toEqual([]);
  });

  it('finds a write that landed in another place, or torn', () => {
    const model = new SectorModel(4);
    model.acknowledge(model.begin(1, 2, false));
    expect(model.check(1, content(1, 2))).toHaveLength(1);
    const torn = content(1, 1);
    torn.fill(0, 2048);
    expect(model.check(1, torn)).toHaveLength(1);
  });

  it('takes either side of a write under way, and holds to what it saw', () => {
    const model = new SectorModel(4);
    model.acknowledge(model.begin(0, 1, false));
    model.begin(0, 1, false);
    expect(model.check(0, content(2, 0))).toEqual([]);
    expect(model.check(0, content(1, 0))).toHaveLength(1);
  });

  it('takes no older write once a newer one was acknowledged', () => {
    const model = new SectorModel(4);
    const first = model.begin(0, 1, false);
    const second = model.begin(0, 1, false);
    model.acknowledge(second);
    expect(model.check(0, content(first.id, 0))).toHaveLength(1);
  });

  it('treats a trim as a write of zeroes', () => {
    const model = new SectorModel(4);
    model.acknowledge(model.begin(0, 2, false));
    model.acknowledge(model.begin(1, 1, true));
    expect(model.check(0, content(1, 0))).toEqual([]);
    expect(model.check(1, content(1, 1))).toHaveLength(1);
    expect(model.check(1, Buffer.alloc(SECTOR_BYTES))).toEqual([]);
  });
});
