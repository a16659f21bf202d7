import { dirname, posix } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { read, sources } from "./sources.ts";

/** Where a name comes from: a file, and what it is called there. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

/** What a module declares at its top level, imports and gives on. */
interface Module {
  readonly declared: ReadonlyMap<string, readonly ts.Statement[]>;
  readonly imported: ReadonlyMap<string, Origin>;
  /** By their public names. */
  readonly given: ReadonlyMap<string, Origin>;
  readonly all: readonly string[];
}

const modules = new Map(sources("src").map(({ path, text }) => [path, moduleOf(path, text)]));

function moduleOf(path: string, text: string): Module {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const declared = new Map<string, ts.Statement[]>();
  const imported = new Map<string, Origin>();
  const given = new Map<string, Origin>();
  const all: string[] = [];
  const targetOf = (from: ts.Expression | undefined) => {
    const specifier = from && ts.isStringLiteral(from) ? from.text : "";
    return specifier.startsWith(".") ? posix.join(dirname(path), specifier) : undefined;
  };
  const declare = (name: string, statement: ts.Statement) => {
    declared.set(name, [...(declared.get(name) ?? []), statement]);
    const isPublic =
      ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (isPublic) given.set(name, { file: path, name });
  };
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      const target = targetOf(statement.moduleSpecifier);
      const names = statement.importClause?.namedBindings;
      if (target && names && ts.isNamedImports(names))
        for (const { name, propertyName } of names.elements)
          imported.set(name.text, { file: target, name: (propertyName ?? name).text });
    } else if (ts.isExportDeclaration(statement)) {
      const target = targetOf(statement.moduleSpecifier);
      if (!statement.exportClause) target && all.push(target);
      else if (ts.isNamedExports(statement.exportClause))
        for (const { name, propertyName } of statement.exportClause.elements)
          given.set(name.text, { file: target ?? path, name: (propertyName ?? name).text });
    } else if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) if (ts.isIdentifier(name)) declare(name.text, statement);
    } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || isType(statement)) {
      if (statement.name) declare(statement.name.text, statement);
    }
  }
  return { declared, imported, given, all };
}

function isType(node: ts.Node): node is ts.InterfaceDeclaration | ts.TypeAliasDeclaration {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

/** What a module gives, by the files that declare it. */
function givenBy(path: string): Origin[] {
  const { given, all } = modules.get(path)!;
  return [...[...given.values()].flatMap((origin) => declarationOf(origin) ?? []), ...all.flatMap(givenBy)];
}

/** The file that declares what a name stands for. */
function declarationOf({ file, name }: Origin): Origin | undefined {
  const module = modules.get(file);
  if (!module) return undefined;
  if (module.declared.has(name)) return { file, name };
  const next = module.given.get(name) ?? module.imported.get(name);
  if (next && !(next.file === file && next.name === name)) return declarationOf(next);
  for (const other of module.all) {
    const found = declarationOf({ file: other, name });
    if (found) return found;
  }
  return undefined;
}

/** The names of types that a declaration's signature mentions: not what stands in bodies and values. */
function mentioned(node: ts.Node, found: Set<string> = new Set()): Set<string> {
  if (ts.isBlock(node)) return found;
  if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) found.add(node.typeName.text);
  if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) found.add(node.expression.text);
  if (ts.isVariableDeclaration(node)) return node.type ? mentioned(node.type, found) : found;
  if (ts.isParameter(node) || ts.isPropertyDeclaration(node)) return node.type ? mentioned(node.type, found) : found;
  ts.forEachChild(node, (child) => void mentioned(child, found));
  return found;
}

/** Whether a function's own body throws: what the functions inside it do is theirs. */
function throws(node: ts.Node): boolean {
  if (ts.isThrowStatement(node)) return true;
  return ts.forEachChild(node, (child) => !ts.isFunctionLike(child) && throws(child)) ?? false;
}

/** The bodies of the functions that a statement declares by a name. */
function bodiesOf(statement: ts.Statement, name: string): ts.Node[] {
  if (ts.isFunctionDeclaration(statement)) return statement.body ? [statement.body] : [];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name: own, initializer }) =>
    ts.isIdentifier(own) && own.text === name && initializer && ts.isFunctionLike(initializer) && "body" in initializer
      ? [initializer.body as ts.Node]
      : [],
  );
}

describe("the packages", () => {
  const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, Record<string, string>> };
  const entries = Object.values(exports).flatMap(({ "@apprentice/source": source }) => (source ? [source.slice(2)] : []));

  it("lead to src/ by a condition that nobody else asks for, and to dist/ otherwise", () => {
    expect(entries.length).toBeGreaterThan(10);
    for (const [name, target] of Object.entries(exports)) {
      if (name === "./package.json") continue;
      const path = name === "." ? "index" : `${name.slice(2)}/index`;
      expect(target).toEqual({ "@apprentice/source": `./src/${path}.ts`, default: `./dist/${path}.js` });
      expect(modules.has(`src/${path}.ts`), path).toBe(true);
    }
  });

  it("export every type that one of their signatures mentions", () => {
    const key = ({ file, name }: Origin) => `${name} of ${file}`;
    const open = entries.flatMap(givenBy);
    const known = new Set(open.map(key));
    const missing = new Set<string>();
    for (const origin of open) {
      const { declared } = modules.get(origin.file)!;
      for (const statement of declared.get(origin.name)!) {
        for (const name of mentioned(statement)) {
          const at = declarationOf({ file: origin.file, name });
          if (!at || known.has(key(at)) || !modules.get(at.file)!.declared.get(at.name)!.some(isType)) continue;
          missing.add(`${key(at)}, in ${key(origin)}`);
        }
      }
    }
    expect(open.length).toBeGreaterThan(900);
    expect([...missing]).toEqual([]);
  });

  it("say in a docstring that a function throws, where its own body does", () => {
    const silent: string[] = [];
    let throwing = 0;
    for (const { file, name } of entries.flatMap(givenBy)) {
      const statements = modules.get(file)!.declared.get(name)!;
      if (!statements.flatMap((statement) => bodiesOf(statement, name)).some(throws)) continue;
      throwing++;
      const said = statements.flatMap((statement) => ts.getJSDocCommentsAndTags(statement)).map((doc) => doc.getText());
      if (!/\b@?throws?\b/i.test(said.join("\n"))) silent.push(`${name} of ${file}`);
    }
    expect(throwing).toBeGreaterThan(100);
    expect([...new Set(silent)]).toEqual([]);
  });
});
