/**
 * The fair share of each store: how many PG copies it would hold if PGs were divisible.
 *
 * Shares are in proportion to weight, but a failure domain holds at most one copy of a PG: a domain
 * that is heavier than that allows is held to one copy of each PG, and the others share the rest.
 */

export interface ShareDomain {
  /** Sum of the weights of its stores, above 0. */
  readonly weight: number;
}

/**
 * Copies per domain, each at most `pgCount`; they add up to `copies`, or to `pgCount` per domain
 * where there are fewer domains than copies of a PG.
 */
export function domainShares(
  domains: readonly ShareDomain[],
  space: { readonly pgCount: number; readonly copies: number },
): Float64Array {
  const shares = new Float64Array(domains.length);
  const heaviestFirst = domains.map((_, index) => index);
  heaviestFirst.sort((a, b) => weightOf(b) - weightOf(a) || a - b);
  let weight = domains.reduce((sum, domain) => sum + domain.weight, 0);
  let copies = space.copies;
  for (const index of heaviestFirst) {
    const fair = weight > 0 ? (copies * weightOf(index)) / weight : 0;
    const share = Math.min(fair, space.pgCount);
    shares[index] = share;
    copies -= share;
    weight -= weightOf(index);
  }
  return shares;

  function weightOf(index: number): number {
    return domains[index]?.weight ?? 0;
  }
}
