// The code at the beginning of each built program that keeps require() to the program's own installation. Node also searches
// NODE_PATH, $HOME/.node_modules, $HOME/.node_libraries, a directory beside its own, and node_modules of every directory above
// the program (https://nodejs.org/api/modules.html#loading-from-the-global-folders), and it takes a package.json above the
// program whose name is that of the package. Any of these may belong to another user than the one who runs the program.
export const ownPackages = [
  '(function (path, Module) {',
  // Where packages of the program are: beside it; for `dist` of a package, in that package; and where npm and pnpm put them,
  // beside the package.
  '  var own = [path.join(__dirname, "node_modules")];',
  '  if (path.basename(__dirname) === "dist") {',
  '    var home = path.dirname(__dirname);',
  '    own.push(path.join(home, "node_modules"));',
  '    if (path.basename(path.dirname(home)) === "node_modules") own.push(path.dirname(home));',
  '  }',
  '  var resolve = Module._resolveFilename;',
  '  Module._resolveFilename = function (request, parent) {',
  '    if (/^\\.\\.?(\\/|$)|^\\//.test(request) || Module.isBuiltin(request) || !parent || !parent.filename)',
  '      return resolve.apply(Module, arguments);',
  // A package may also use those inside of it and beside it, where its own manager has put them.
  '    var end = parent.filename.lastIndexOf("/node_modules/");',
  '    var beside = end < 0 ? undefined : parent.filename.slice(0, end) + "/node_modules";',
  '    var directories = Module._nodeModulePaths(path.dirname(parent.filename)).filter(function (directory) {',
  '      return directory === beside || (beside !== undefined && directory.indexOf(beside + "/") === 0);',
  '    });',
  '    var found = Module._findPath(request, directories.concat(own), false);',
  '    if (found) return found;',
  '    var error = new Error("Cannot find the package " + request + " in " + own.join(", "));',
  '    error.code = "MODULE_NOT_FOUND";',
  '    throw error;',
  '  };',
  '})(require("path"), require("module"));',
].join('\n');
