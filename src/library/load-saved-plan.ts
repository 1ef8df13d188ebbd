// Reads the file of a saved plan.

import { readFile } from 'node:fs/promises'
import { parseSavedPlan, type SavedPlan } from '../api/saved-plan/document.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'

/** A plan of 10,000 objects has 20 MB. */
const maximumBytes = 256 * 1024 * 1024

/** @throws FdwsyncError (`exitCode.refused`) if the file cannot be read, or is not a plan that this release has saved */
export async function loadSavedPlan(path: string): Promise<SavedPlan> {
  return parseSavedPlan(path, await readText(path))
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path)
    if (bytes.length > maximumBytes) throw unreadable(path, 'it is larger than 256 MB')
    return bytes.toString('utf8')
  } catch (error) {
    if (error instanceof FdwsyncError) throw error
    throw unreadable(path, fileFailure(error))
  }
}

function unreadable(path: string, reason: string): FdwsyncError {
  const hint = 'fdwsync plan --out FILE saves a plan. A manifest is applied with -f FILE.'
  const message = `the plan ${path} cannot be read: ${reason}`
  return new FdwsyncError({ code: 'plan/invalid-file', message, hint }, exitCode.refused)
}
