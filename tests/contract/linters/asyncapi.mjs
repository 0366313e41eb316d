// Parses an AsyncAPI document with all that it refers to; prints what is wrong and exits 1 on an error.
import { fromFile, Parser } from '@asyncapi/parser'

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse()
const errors = diagnostics.filter((found) => found.severity === 0)
for (const found of errors) console.error(`${found.code} at ${found.path.join('/')}: ${found.message}`)
if (document === undefined || errors.length > 0) process.exit(1)
console.log(`${document.messages().length} messages, ${diagnostics.length} remarks`)
