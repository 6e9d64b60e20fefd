import {
  Nav,
  NavGroup,
  NavItem,
  NavList,
  PageSidebar,
  PageSidebarBody,
} from '@patternfly/react-core';
import type { ReactElement } from 'react';
import { Link, useLocation } from 'react-router';

import { navigation, type Destination } from './navigation';

/** The navigation at the left. */
export function SideNavigation(): ReactElement {
  const { pathname } = useLocation();
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label="Main">
          {navigation.map((group) =>
            group.title === null ? (
              <NavList key="top">
                {group.destinations.map((each) => navItem(each, pathname))}
              </NavList>
            ) : (
              <NavGroup key={group.title} title={group.title}>
                {group.destinations.map((each) => navItem(each, pathname))}
              </NavGroup>
            ),
          )}
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}

function navItem(destination: Destination, pathname: string): ReactElement {
  return (
    <NavItem
      key={destination.path}
      itemId={destination.path}
      isActive={isUnder(pathname, destination.path)}
    >
      <Link to={destination.path}>
        <span className="pf-v6-c-nav__link-icon" aria-hidden>
          {destination.icon}
        </span>
        <span className="pf-v6-c-nav__link-text">{destination.label}</span>
      </Link>
    </NavItem>
  );
}

/** Whether a page belongs to an entry: the entry itself and everything below it. */
export function isUnder(pathname: string, path: string): boolean {
  if (path === '/') return pathname === '/';
  return pathname === path || pathname.startsWith(`${path}/`);
}
