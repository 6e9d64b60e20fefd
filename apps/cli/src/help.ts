/** Text below the list of commands. */
import { ExitCode } from './exit';

const codes = Object.entries(ExitCode).map(([name, code]) => `${code} ${spaced(name)}`);

export const accessHelp = `
Start with:  cairn login <server>
Exit codes:  ${codes.join(', ')}
Environment: CAIRN_CONFIG, or CAIRN_SERVER with CAIRN_TOKEN_FILE and CAIRN_FINGERPRINT`;

function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
