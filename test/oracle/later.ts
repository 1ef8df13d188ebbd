/** What this release can't declare or write yet. Each must fail: one that passes is to be taken out. */
export const later: Readonly<Record<string, string>> = {
  'check-not-valid': 'checks that are NOT VALID',
  'grants-revoked-from-the-owner': 'grants',
}
