// Which options of a user mapping are secrets.

/**
 * The options of user mappings that are not secrets. Every other option of any wrapper is treated as a secret: hiding a
 * user name does less harm than showing a token.
 */
export const plainMappingOptions = [
  'user',
  'username',
  'user_name',
  'remote_user',
  'password_required',
  'sslcert',
  'sslkey',
  'use_scram_passthrough',
  'gssdelegation',
] as const

/** Whether an option of a user mapping is a secret. */
export function isSecretOption(name: string): boolean {
  return !plainMappingOptions.some((plain) => plain === name)
}
