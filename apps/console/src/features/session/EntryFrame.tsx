import type { ReactElement, ReactNode } from 'react';

import { BrandMark } from '../../layout/BrandMark';
import { ThemeButton } from '../../layout/ThemeButton';

/** The frame of the pages before the console proper. */
export function EntryFrame({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <div className="entry-page">
      <header className="entry-header">
        <ThemeButton />
      </header>
      <main className="entry-card">
        <BrandMark size={40} />
        {children}
      </main>
    </div>
  );
}
