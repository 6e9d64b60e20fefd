import type { ReactElement } from 'react';

/** The product's sign, three stacked stones, and its name. */
export function BrandMark({ size = 26 }: { readonly size?: number }): ReactElement {
  return (
    <span className="brand">
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        <rect x="3" y="21.5" width="26" height="7.4" rx="3.7" className="brand-stone-low" />
        <rect x="6.5" y="12.6" width="18" height="6.9" rx="3.4" className="brand-stone-mid" />
        <rect x="11" y="4.2" width="11" height="6.3" rx="3.1" className="brand-stone-top" />
      </svg>
      <span className="brand-name">Cairn</span>
    </span>
  );
}
