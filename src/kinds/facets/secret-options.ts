// `secret_options` of a manifest: the options of an object that are secrets although their names do not suggest it.

import type { Secret } from '../../core/secret.ts'
import { hideSecrets, namesOfSecrets, type OptionValues, recordedOptions } from './options.ts'

export interface SecretOptions {
  /** Not in the catalog. */
  readonly secretOptions?: readonly string[]
}

export function declaredSecretOptions({
  secret_options,
}: {
  readonly secret_options?: readonly string[]
}): SecretOptions {
  return secret_options === undefined ? {} : { secretOptions: secret_options }
}

/**
 * What was a secret when it was last applied is masked also once the manifest no longer mentions it.
 * @param lastSecrets the secrets among the options that were last applied
 */
export function settleSecretOptions(
  wanted: SecretOptions,
  last: SecretOptions | undefined,
  lastSecrets: readonly string[],
): SecretOptions {
  const names = new Set([...(wanted.secretOptions ?? []), ...(last?.secretOptions ?? []), ...lastSecrets])
  return names.size === 0 ? {} : { secretOptions: [...names] }
}

/** Of an object in the catalog: those of the names that it has options of. */
export function presentSecretOptions(named: readonly string[], options: object): SecretOptions {
  const present = named.filter((name) => Object.hasOwn(options, name))
  return present.length === 0 ? {} : { secretOptions: present }
}

interface WithOptions extends SecretOptions {
  readonly options: OptionValues
}

/** The secrets of a kind that has them among its options, and nowhere else. Every role can read those options. */
export const secretsOfOptions = {
  hide: <Spec extends WithOptions>(
    read: Spec,
    named: readonly string[],
    digestOf: (secret: Secret) => string,
  ): Spec => ({
    ...read,
    ...presentSecretOptions(named, read.options),
    options: hideSecrets(read.options, named, digestOf),
  }),
  recorded: <Spec extends WithOptions>(declared: Spec): Spec => ({
    ...declared,
    options: recordedOptions(declared.options),
  }),
  exposed: ({ options }: WithOptions) => namesOfSecrets(options),
}
