// What every setting means, as the docstrings of the options' interfaces say it: { algorithm: { setting: meaning } }.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const MAKERS = ["recipe", "languageRecipe", "adversarialRecipe"];
/** Interfaces of settings that several algorithms share: those of a policy, those of language models and their data. */
const SHARED = { policy: ["ingredients.ts", "PolicyValues"], language: ["language-settings.ts", "LanguageValues"] };

/** Reads the docstrings below `root`/src. Throws if a recipe isn't written in a way that this understands. */
export async function meanings(root) {
  const { default: ts } = await import("typescript");
  const cli = join(root, "src", "cli");
  const files = readdirSync(join(cli, "algorithms")).map((name) => join(cli, "algorithms", name));
  const options = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  // Packages have nothing to say about settings, and reading their types takes most of the time.
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const resolvedFileName = join(dirname(from), text);
      const ours = text.startsWith(".") && text.endsWith(".ts");
      return { resolvedModule: ours ? { resolvedFileName, extension: ".ts", isExternalLibraryImport: false } : undefined };
    });
  const program = ts.createProgram(files, options, host);
  const checker = program.getTypeChecker();

  const said = (type) =>
    Object.fromEntries(
      checker
        .getPropertiesOfType(type)
        .filter(({ name }) => name !== "seed")
        .map((own) => [own.name, ts.displayPartsToString(own.getDocumentationComment(checker)).replaceAll(/\s+/g, " ").trim()]),
    );
  /** What a name was declared as, wherever it was imported from. */
  const declared = (node) => {
    const found = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
    const symbol = found && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    return symbol?.valueDeclaration;
  };
  /** The name of the algorithm that an expression is: its own, or that of what it is made from. */
  const nameOf = (node) => {
    if (ts.isIdentifier(node)) return declared(node)?.initializer && nameOf(declared(node).initializer);
    if (ts.isCallExpression(node)) return nameOf(node.arguments[0]);
    if (!ts.isObjectLiteralExpression(node)) return undefined;
    for (const property of node.properties) {
      if (ts.isSpreadAssignment(property) && nameOf(property.expression)) return nameOf(property.expression);
      if (ts.isPropertyAssignment(property) && property.name.getText() === "name") return property.initializer.text;
    }
    return undefined;
  };
  /** The algorithm that a recipe is given, as an expression: itself, or a property of what is given. */
  const algorithmOf = ([given]) => {
    if (!ts.isObjectLiteralExpression(given)) return given;
    const property = given.properties.find((own) => own.name?.getText() === "algorithm");
    return property && (property.initializer ?? property.name);
  };

  const all = {};
  const visit = (node) => {
    if (ts.isCallExpression(node) && MAKERS.includes(node.expression.getText())) {
      const algorithm = algorithmOf(node.arguments);
      const declaration = algorithm && declared(algorithm);
      if (declaration && ts.isParameter(declaration)) return; // a maker of recipes: whoever calls it says the algorithm
      const name = algorithm && nameOf(algorithm);
      const where = `${node.getSourceFile().fileName}: ${node.getText().slice(0, 60)}`;
      if (!name) throw new Error(`${where}: found no algorithm with a name`);
      const defaults = checker.getTypeOfSymbol(checker.getTypeAtLocation(algorithm).getProperty("defaults"));
      all[name] = said(defaults);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of files) visit(program.getSourceFile(file));
  for (const [group, [file, name]] of Object.entries(SHARED)) {
    const found = program.getSourceFile(join(cli, file)).statements.find((own) => own.name?.text === name);
    if (!found) throw new Error(`src/cli/${file} has no interface ${name}`);
    all[group] = said(checker.getTypeAtLocation(found));
  }
  return all;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(await meanings(join(import.meta.dirname, ".."))));
}
