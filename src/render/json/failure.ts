// Errors, and the warnings of a valid manifest, as JSON documents.

import type { Failure, Problem } from '../../core/errors.ts'
import { secretText } from '../../core/secret.ts'
import { soundsSecret } from '../../core/secret-options.ts'
import type { Validation } from '../format.ts'
import { placeJson } from './address.ts'
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

function problemJson({ code, message, place, hint }: Problem): ProblemDocument {
  return { code, message, place: placeJson(place).place ?? null, hint: hint ?? null }
}
