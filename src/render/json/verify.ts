// The comparison of copies with their sources as JSON.

import type { Verification, VerifyReport } from '../../core/verification.ts'
import { withAddress } from './address.ts'
import type { VerificationDocument, VerifyDocument } from './documents.ts'

export function verifyJson({ manifest, copies }: VerifyReport): VerifyDocument {
  return {
    format: 'fdwsync.verify/1',
    manifest,
    copies: copies.map(({ verification, ...copy }) => ({ ...withAddress(copy), ...verificationJson(verification) })),
  }
}

export function verificationJson(verification: Verification): VerificationDocument {
  if (verification.status === 'failed') {
    const { status, reason, hint = null } = verification
    return { status, rows: null, missing: null, extra: null, different: null, milliseconds: null, reason, hint }
  }
  const { status, rows, missing, extra, different, milliseconds } = verification
  return { status, rows, missing, extra, different, milliseconds, reason: null, hint: null }
}
