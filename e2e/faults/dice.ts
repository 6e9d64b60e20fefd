/**
 * A small generator of pseudo-random numbers, so that a seed repeats the plan of a run (the kernel's
 * timing it cannot repeat).
 */
export class Dice {
  constructor(private state: number) {}

  /** From 0 to `below` - 1. */
  roll(below: number): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(this.state ^ (this.state >>> 12), 0x297a2d39) >>> 0;
    return mixed % below;
  }
}
