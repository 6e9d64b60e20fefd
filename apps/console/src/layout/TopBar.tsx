import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  PageToggleButton,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link } from 'react-router';

import { SearchIcon } from '../components/icons';
import { BrandMark } from './BrandMark';
import { ThemeButton } from './ThemeButton';
import { UserMenu } from './UserMenu';
import { HealthBadge } from '../features/dashboard/HealthBadge';

/** The bar at the top: brand, search, health, theme, user. */
export function TopBar({ onOpenPalette }: { readonly onOpenPalette: () => void }): ReactElement {
  return (
    <Masthead className="top-bar" display={{ default: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton isHamburgerButton aria-label="Navigation" id="nav-toggle" />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo
            component={(props) => (
              <Link {...props} to="/" aria-label="Cairn, to the dashboard">
                <BrandMark />
              </Link>
            )}
          />
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight isStatic>
          <ToolbarContent>
            <ToolbarItem className="top-bar-search">
              <Button
                variant="plain"
                className="palette-button"
                icon={<SearchIcon />}
                onClick={onOpenPalette}
              >
                <span className="palette-button-text">Search or jump to …</span>
                <kbd>Ctrl K</kbd>
              </Button>
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }} gap={{ default: 'gapXs' }}>
              <ToolbarItem visibility={{ default: 'hidden', md: 'visible' }}>
                <HealthBadge />
              </ToolbarItem>
              <ToolbarItem>
                <ThemeButton />
              </ToolbarItem>
              <ToolbarItem>
                <UserMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}
