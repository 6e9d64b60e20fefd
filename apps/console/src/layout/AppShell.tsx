import { Page, SkipToContent } from '@patternfly/react-core';
import { useCallback, useEffect, useState, type ReactElement } from 'react';
import { Outlet } from 'react-router';

import { LiveFeedBanner } from './LiveFeedBanner';
import { CommandPalette } from './CommandPalette';
import { SideNavigation } from './SideNavigation';
import { TasksDock } from './TasksDock';
import { TopBar } from './TopBar';

const mainId = 'main-content';

/** The frame of every page: top bar, navigation, page, tasks at the bottom. */
export function AppShell(): ReactElement {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  usePaletteShortcut(openPalette);
  return (
    <div className="app-shell">
      <Page
        className="app-page"
        isManagedSidebar
        masthead={<TopBar onOpenPalette={openPalette} />}
        sidebar={<SideNavigation />}
        skipToContent={<SkipToContent href={`#${mainId}`}>Skip to content</SkipToContent>}
        mainContainerId={mainId}
        mainTabIndex={-1}
        banner={<LiveFeedBanner />}
      >
        <Outlet />
      </Page>
      <TasksDock />
      {isPaletteOpen && <CommandPalette onClose={() => setPaletteOpen(false)} />}
    </div>
  );
}

function usePaletteShortcut(onOpen: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      onOpen();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [onOpen]);
}
