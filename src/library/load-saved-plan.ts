// Reads the file of a saved plan.

import { readFile } from 'node:fs/promises'
import { parseSavedPlan, type SavedPlan } from '../api/saved-plan/document.ts'
import { exitCode, FdwsyncError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'
import { standardInput } from '../manifest/load.ts'

/** A plan of 10,000 objects has 20 MB. */
const maximumBytes = 256 * 1024 * 1024

/**
 * @param path a file, or `-` for what `readStandardInput` returns
 * @throws FdwsyncError (`exitCode.refused`) if the file cannot be read, or is not a plan that this release has saved
 */
export async function loadSavedPlan(path: string, readStandardInput?: () => Promise<Uint8Array>): Promise<SavedPlan> {
  if (path !== '-' || !readStandardInput) return parseSavedPlan(path, await readText(path, () => readFile(path)))
  return parseSavedPlan(standardInput, await readText(standardInput, readStandardInput))
}

async function readText(path: string, read: () => Promise<Uint8Array>): Promise<string> {
  try {
    const bytes = await read()
    if (bytes.length > maximumBytes) throw unreadable(path, 'it is larger than 256 MB')
    return new TextDecoder().decode(bytes)
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
