// Errors, and the warnings of a valid manifest, as JSON documents.

import type { Failure, Problem } from '../../core/errors.ts'
import { secretText } from '../../core/secret.ts'
import { soundsSecret } from '../../core/secret-options.ts'
import type { Validation } from '../format.ts'
import type { ErrorDocument, ProblemDocument, ValidationDocument } from './documents.ts'

export function failureJson({ exitCode, problems }: Failure): ErrorDocument {
  return {
    format: 'fdwsync.error/1',
    exitCode,
    errors: problems.map(({ sqlstate, detail, ...problem }) => ({
      ...problemJson(problem),
      sqlstate: sqlstate ?? null,
      detail: detail ?? null,
    })),
  }
}

export function validationJson({ manifest, variables, warnings }: Validation): ValidationDocument {
  return {
    format: 'fdwsync.validation/1',
    manifest,
    variables: variables.map((variable) => {
      const { name, type, description = null, default: initial = null, value = null } = variable
      const shown = (text: string | null) => (text !== null && soundsSecret(name) ? secretText : text)
      return { name, type, description, default: shown(initial), value: shown(value) }
    }),
    warnings: warnings.map(problemJson),
  }
}

/** Without the line of the manifest that a text shows: it may be long, and the place is enough to find it. */
function problemJson({ code, message, place, hint }: Problem): ProblemDocument {
  const at = place ? { file: place.file, line: place.line, column: place.column } : null
  return { code, message, place: at, hint: hint ?? null }
}
