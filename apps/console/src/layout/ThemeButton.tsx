import { Button, Tooltip } from '@patternfly/react-core';
import type { ReactElement } from 'react';

import { DesktopIcon, MoonIcon, SunIcon } from '../components/icons';
import { nextThemeChoice, type ThemeChoice } from '../styles/theme';
import { useThemeChoice } from '../styles/useTheme';

const words: Record<ThemeChoice, string> = {
  system: 'Colours: like the system',
  light: 'Colours: light',
  dark: 'Colours: dark',
};

/** Steps through system, light and dark. */
export function ThemeButton(): ReactElement {
  const { choice, choose } = useThemeChoice();
  return (
    <Tooltip content={words[choice]}>
      <Button
        variant="plain"
        aria-label={`${words[choice]}. Change`}
        icon={<ChoiceIcon choice={choice} />}
        onClick={() => choose(nextThemeChoice(choice))}
      />
    </Tooltip>
  );
}

function ChoiceIcon({ choice }: { readonly choice: ThemeChoice }): ReactElement {
  switch (choice) {
    case 'system':
      return <DesktopIcon />;
    case 'light':
      return <SunIcon />;
    case 'dark':
      return <MoonIcon />;
  }
}
