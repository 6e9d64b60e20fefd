/**
 * What a volume may hold after a crash, sector by sector.
 *
 * Each write gives every sector it covers a content that names the write and the sector. After a crash a sector must hold the
 * last acknowledged write to it, or one that was under way later; which of these is seen first is then settled for good. A
 * trim is a write of zeroes.
 */
export const SECTOR_BYTES = 4096;
const WORDS = SECTOR_BYTES / 4;
const MAGIC = 0x43414952;

/** The id of "all zeroes". Writes count from 1. */
export const ZEROES = 0;

/** The content that write `id` gives to `sector`; it ends up in `target`, at word `at`. */
export function fillSector(target: Uint32Array, at: number, id: number, sector: number): void {
  if (id === ZEROES) {
    target.fill(0, at, at + WORDS);
    return;
  }
  target[at] = MAGIC;
  target[at + 1] = id;
  target[at + 2] = sector;
  let state = (Math.imul(id, 0x9e3779b1) ^ Math.imul(sector, 0x85ebca6b)) >>> 0;
  for (let i = 3; i < WORDS; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    target[at + i] = state;
  }
}

/** A finding: the sector, what it holds, and what it might have held. */
export interface Violation {
  readonly sector: number;
  readonly found: string;
  readonly allowed: readonly number[];
}

interface Write {
  readonly id: number;
  readonly first: number;
  readonly count: number;
  readonly zeroes: boolean;
}

export class SectorModel {
  /** The newest acknowledged id per sector. Overlapping writes are applied in the order in which they were sent. */
  private readonly acknowledged: Uint32Array;
  private readonly zeroed: Uint8Array;
  /** Writes under way per sector, oldest first. */
  private readonly underWay = new Map<number, Write[]>();
  private readonly expected = new Uint32Array(WORDS);
  private idNext = 1;

  constructor(readonly sectors: number) {
    this.acknowledged = new Uint32Array(sectors);
    this.zeroed = new Uint8Array(sectors).fill(1);
  }

  begin(first: number, count: number, zeroes: boolean): Write {
    const write = { id: this.idNext++, first, count, zeroes };
    for (let sector = first; sector < first + count; sector++) {
      const list = this.underWay.get(sector);
      if (list === undefined) this.underWay.set(sector, [write]);
      else list.push(write);
    }
    return write;
  }

  acknowledge(write: Write): void {
    for (let sector = write.first; sector < write.first + write.count; sector++) {
      if (write.id > (this.acknowledged[sector] ?? 0)) this.settle(sector, write.id, write.zeroes);
      const list = (this.underWay.get(sector) ?? []).filter((other) => other !== write);
      if (list.length === 0) this.underWay.delete(sector);
      else this.underWay.set(sector, list);
    }
  }

  /** How many sectors hold an acknowledged write. */
  get acknowledgedCount(): number {
    return this.acknowledged.reduce((count, id) => count + (id > 0 ? 1 : 0), 0);
  }

  /**
   * Checks what was read from `first` on, after a crash (nothing is under way any more), and settles what was open.
   * Returns the sectors that hold something else than they may.
   */
  check(first: number, data: Buffer): Violation[] {
    const words = new Uint32Array(new Uint8Array(data).buffer);
    const violations: Violation[] = [];
    for (let i = 0; i < data.length / SECTOR_BYTES; i++) {
      const sector = first + i;
      const allowed = this.allowed(sector);
      const match = allowed.find((write) => this.holds(words, i * WORDS, sector, write));
      if (match === undefined) {
        const [magic = 0, id = 0, place = 0] = words.subarray(i * WORDS);
        const found = `${magic.toString(16)} write ${id} sector ${place}`;
        violations.push({ sector, found, allowed: allowed.map((write) => write.id) });
        continue;
      }
      this.settle(sector, match.id, match.zeroes);
      this.underWay.delete(sector);
    }
    return violations;
  }

  private allowed(sector: number): { id: number; zeroes: boolean }[] {
    const id = this.acknowledged[sector] ?? 0;
    const last = { id, zeroes: this.zeroed[sector] === 1 };
    const later = (this.underWay.get(sector) ?? []).filter((write) => write.id > id);
    return [last, ...later];
  }

  private holds(
    words: Uint32Array,
    at: number,
    sector: number,
    write: { id: number; zeroes: boolean },
  ): boolean {
    fillSector(this.expected, 0, write.zeroes ? ZEROES : write.id, sector);
    for (let i = 0; i < WORDS; i++) if (words[at + i] !== this.expected[i]) return false;
    return true;
  }

  private settle(sector: number, id: number, zeroes: boolean): void {
    this.acknowledged[sector] = id;
    this.zeroed[sector] = zeroes ? 1 : 0;
  }
}
