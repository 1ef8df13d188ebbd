/**
 * Options of user mappings that are no secret. Every other one is treated as one, whatever the wrapper: better a user
 * name that is not shown than a token that is.
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
