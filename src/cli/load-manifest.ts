// How the command line loads manifests: with its environment and standard input, and warnings on standard error.

import { formatProblem } from '../core/errors.ts'
import {
  type GivenVariables,
  hiddenValues,
  type LoadManifestOptions,
  type ParsedManifest,
} from '../library/load-manifest.ts'
import type { IsNeeded } from '../library/needed-references.ts'
import { printMessage } from './output.ts'
import { hideInErrors } from './report-error.ts'

/** The options of the command line that name a manifest. */
export interface ManifestFlags {
  /** Files and folders; `-` is standard input. */
  readonly file: readonly string[]
  /** Values of variables by name. */
  readonly var?: GivenVariables
  /** Folders that `${file:…}` may read from, beside that of the manifest. */
  readonly allowFiles?: readonly string[]
}

/** What a command needs of the references of a manifest. */
interface ReferenceNeeds {
  /** False: references to variables of the environment and to files are left as they are. */
  readonly resolve?: boolean
  /** Decides which references have to be resolved. Default: all. */
  readonly isNeeded?: IsNeeded
}

/** The options with which the library loads a manifest. */
export function loadingOptions(
  { var: variables, allowFiles }: Partial<ManifestFlags>,
  { resolve, isNeeded }: ReferenceNeeds = {},
): LoadManifestOptions {
  return {
    env: process.env,
    variables,
    allowedFolders: allowFiles,
    resolve,
    isNeeded,
    readStandardInput,
    onParsed: (manifest) => hideInErrors(hiddenValues(manifest)),
    onWarning: (warning) => printMessage(`warning: ${formatProblem(warning)}\n`),
  }
}

/** The manifest; with `--show-values`, one that hides nothing but its secrets. */
export function withValues(
  parsed: ParsedManifest,
  { showValues = false }: { readonly showValues?: boolean },
): ParsedManifest {
  if (!showValues) return parsed
  hideInErrors(parsed.secrets)
  return { ...parsed, references: [] }
}

export async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}
