// `secret_options` of a manifest: the options of an object that are secrets although their names do not suggest it.

import type { Secret } from '../../core/secret.ts'
import { hideSecrets, namesOfSecrets, type OptionValues, recordedOptions } from './options.ts'

export interface SecretOptions {
  /** Not known from the catalog. */
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
 * An option that was a secret when it was last applied stays masked, even if the manifest no longer mentions it.
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

/** For a live object: the named options that it has. */
export function presentSecretOptions(named: readonly string[], options: object): SecretOptions {
  const present = named.filter((name) => Object.hasOwn(options, name))
  return present.length === 0 ? {} : { secretOptions: present }
}

interface WithOptions extends SecretOptions {
  readonly options: OptionValues
}

/** The secrets of a kind that has them only among its options. Every role can read those options. */
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
