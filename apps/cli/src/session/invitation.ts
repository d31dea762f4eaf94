import { basename } from 'node:path';

export interface Invitation {
  readonly code: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly brokersFile: string;
  readonly caPin: string | undefined;
}

/** What the controller's person reads or pastes to the other side. */
export function invitationText({ code, expiresAt, brokersFile, caPin }: Invitation): string {
  const file = basename(brokersFile);
  const pin = caPin === undefined ? '' : ` --ca-pin ${caPin}`;
  return `
Code:  ${code}    works once, until ${expiresAt}

For the other side, to read out or to paste:

  1. Have Trunkline there (Node 20.19 or newer): its repository, npm ci, npm run build.
  2. Have these two files from me: ${file} (the brokers) and ca.crt (their authority, checked by the pin below).
  3. npx trunkline target ${code} --brokers ${file} --ca ca.crt${pin} --forward 127.0.0.1:22

     It asks before anything is reached, and the key q ends it at once. No certificate is needed where guests are allowed.
`;
}
