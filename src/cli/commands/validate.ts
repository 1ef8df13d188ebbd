// `fdwsync validate`: checks a manifest without connecting to a server.

import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { withReference } from '../../core/redaction.ts'
import { secretText } from '../../core/secret.ts'
import { soundsSecret } from '../../core/secret-options.ts'
import { loadManifest, type Variable } from '../../library/load-manifest.ts'
import type { PlanFormat } from '../../render/format.ts'
import { type ValidationFormatName, validationFormats } from '../../render/formats.ts'
import { loadingOptions, type ManifestFlags } from '../load-manifest.ts'
import { printResult } from '../output.ts'
import { printIn } from '../terminal.ts'

export interface ValidateFlags extends ManifestFlags {
  readonly env: boolean
  readonly format: ValidationFormatName
}

export async function validate({ file, env, format, ...flags }: ValidateFlags): Promise<number> {
  const { manifest, references, optionProblems, variables, warnings } = await loadManifest(
    file,
    loadingOptions(flags, { resolve: env }),
  )
  if (optionProblems.length > 0) throw new FdwsyncError(optionProblems.map(({ problem }) => problem))
  const rendered: PlanFormat = await validationFormats[format]()
  const name = withReference(manifest.name, references)
  if (rendered.validation) printIn(rendered, rendered.validation({ manifest: name, variables, warnings }))
  else printResult(`${filesText(file)} is valid: ${oneLine(name)}\n${variables.map(variableText).join('')}`)
  return exitCode.done
}

function filesText(paths: readonly string[]): string {
  const names = paths.map((path) => (path === '-' ? 'standard input' : oneLine(path))).join(' + ')
  return names === 'standard input' ? 'The manifest' : names
}

/** `  stage: text = "dev", by default  Which environment`. */
function variableText({ name, type, value, isGiven, description }: Variable): string {
  const shown = isGiven ? 'given' : 'by default'
  const state = value === undefined ? 'no value' : `${soundsSecret(name) ? secretText : oneLine(value)} (${shown})`
  return `  ${name}: ${type}, ${state}${description ? `: ${oneLine(description)}` : ''}\n`
}
