//! Files of each kind as people write them.

/// (path, pattern, text with `@` for each place of the version)
pub(super) const FILES: &[(&str, Option<&str>, &str)] = &[
    ("pkg/version.py", None, "__version__ = \"@\"\n"),
    (
        "pkg/version.py",
        None,
        "\"\"\"Doc.\n\n__version__ = \"0.1\"\n\"\"\"\n\n__version__: str = '@'  # not 0.2\n",
    ),
    (
        "pkg/__init__.py",
        None,
        "# __version__ = '0.1'\nimport x\r\nVERSION='@';x = 1\r\nif x:\n    version = '0.3'\n",
    ),
    ("a.py", None, "\u{feff}__version__ = version = u'''@'''"),
    (
        "a.py",
        None,
        "__version__: Final[str] = (\"@\")\nVERSION = __version__\n",
    ),
    (
        "a.py",
        None,
        "__version__ = \"@\"\nVERSION = \"@\"\nversion == \"0.1\"\n__version__ += \"0.2\"\n",
    ),
    (
        "a.py",
        None,
        "s = 'it\\'s' \"x\" # '\nd = {\nversion: '0.1'\n}\nf(\nversion='0.2'\n)\nversion = r\"@\"\n",
    ),
    (
        "a.py",
        None,
        "é = 1\nname = \"é 修复\"\n__version__ = \"@\" # ü\n",
    ),
    (
        "setup.py",
        None,
        "from setuptools import setup\nsetup(\n    name=\"x\",\n    version = \"@\",\n    python_version=\"3.8\",\n    x.version=\"1\",\n)\n",
    ),
    ("setup.py", None, "VERSION = '@'\nsetup(version=VERSION)\n"),
    (
        "setup.py",
        None,
        "__version__ = '0.1' # other\nsetup(name='x', version='@')\n",
    ),
    (
        "pyproject.toml",
        None,
        "# version = \"0.1\"\r\n[build-system]\r\nrequires = [\"x\"]\r\n\r\n[project]\r\nname = \"x\"\r\nversion    = '@'   # keep\r\n",
    ),
    (
        "sub/pyproject.toml",
        None,
        "[tool.poetry]\nversion = \"@\"\n[tool.other]\nversion = \"0.1\"\n",
    ),
    (
        "pyproject.toml",
        None,
        "\u{feff}[project]\nversion = \"@\"\n[tool.poetry]\nversion = \"@\"\n",
    ),
    ("pyproject.toml", None, "project.version = \"\"\"@\"\"\"\n"),
    (
        "setup.cfg",
        None,
        "[options]\nversion = 0.1\n[metadata]\nname = x\n# version = 0.2\nversion = @\n[other]\nversion = 3\n",
    ),
    (
        "setup.cfg",
        None,
        "[metadata]\r\nversion:@  \r\ndescription = a\r\n  version = 0.2\r\n",
    ),
    (
        "Cargo.toml",
        None,
        "[package]\nname = \"x\"\nversion = \"@\"\n[dependencies]\ny = { version = \"0.1\" }\n",
    ),
    (
        "Cargo.toml",
        None,
        "[package]\nversion.workspace = true\n[workspace.package]\nversion = \"@\"\n",
    ),
    (
        "package.json",
        None,
        "{\n\t\"name\": \"version\",\r\n\t\"engines\": { \"version\": \"0.1\" },\n\t\"version\" : \"@\",\n\t\"a\": [\"version\", {\"version\": \"2\"}], \"b\\\"\": \"}\"\n}",
    ),
    ("VERSION", None, "@\n"),
    (
        "README.md",
        Some("octavia-loxilb-driver=={version}"),
        "pip install octavia-loxilb-driver==@\nor x-octavia-loxilb-driver==0.1.\nUse octavia-loxilb-driver==@.\n",
    ),
    (
        "README.md",
        Some("version-{version}-blue"),
        "![](https://img/version-@-blue.svg) version-x-blue\n",
    ),
    (
        "Dockerfile",
        Some("LABEL version=\"{version}\""),
        "LABEL version=\"@\"\nLABEL other=\"0.1\"\n",
    ),
    (
        "conf/app.toml",
        None,
        "version = '@' # 0.1\r\n[a]\nversion = '0.2'",
    ),
    (
        "jsr.json",
        None,
        "// \"version\": \"0.1\"\n{ /* version */ 'a': [1, {version: '0.2',}, -0x1F,], version: '@', // end\n}",
    ),
    (
        ".bumpversion.cfg",
        None,
        "[bumpversion]\r\ncurrent_version = @\r\n[bumpversion:file:a]\r\ncurrent_version = 0.1\r\n",
    ),
    (
        "gradle.properties",
        None,
        "# version=0.1\nversion=@\norg.gradle.jvmargs=-Xmx2g\n",
    ),
    (
        "include/x.h",
        None,
        "/* #define X_VERSION \"0.1\" */\r\n#  define X_VERSION\t\"@\" // 0.2\r\n#define CONVERSION \"0.3\"\r\n#define X_VERSION_FLAGS 3\r\n",
    ),
    (
        "Chart.yaml",
        None,
        "# version: 0.1\r\napiVersion: v2\r\nname: 'version: 0.2'\r\nversion:   @   # keep\r\nappVersion: \"0.3\"\r\ndependencies:\r\n  - name: x\r\n    version: 0.4\r\n",
    ),
    (
        "charts/é/Chart.yaml",
        None,
        "# é 修复 😀 version\nname: é # ü\n\"version\" : '@'\n? [a, b]\n: {version: 0.2}\n",
    ),
    (
        "pubspec.yaml",
        None,
        "\u{feff}---\n{name: x, version: \"@\", dependencies: {version: 0.1}}",
    ),
    (
        "values.yaml",
        None,
        "image:\n  repository: x\n  tag: &tag \"@\"\nother:\n  image: {tag: 0.1}\nsame: *tag\n",
    ),
    (
        "CITATION.cff",
        None,
        "cff-version: 1.2.0\nversion: @\nabstract: |\n  version: 0.1\n",
    ),
    (
        "a.yml",
        None,
        "version: @\n---\nx: 1\n---\nversion: \"@\"\n...\n",
    ),
    (
        "meta.yaml",
        None,
        "{%- set name = \"x\" %}\r\n{% set version='@' -%}\r\npackage:\r\n  version: {{ version }}\r\n  other: \"0.1\"\r\n",
    ),
    (
        "recipe.yaml",
        None,
        "context:\n  version: \"@\"\npackage:\n  version: ${{ version }}\n",
    ),
    (
        "openapi.yaml",
        None,
        "openapi: 3.1.0\ninfo: {title: x, version: \"@\"}\nversion: 0.1\n",
    ),
    (
        "pom.xml",
        None,
        "<?xml version=\"1.0\"?>\r\n<!-- <version>0.1</version> -->\r\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\r\n\t<parent><version>0.2</version></parent>\r\n\t<version> @ </version>\r\n\t<dependencies><dependency><version>0.3</version></dependency></dependencies>\r\n</project>",
    ),
    (
        "pom.xml",
        None,
        "<project><version>${revision}</version><properties><x>0.1</x><revision>@</revision></properties></project>",
    ),
    (
        "src/x.csproj",
        None,
        "<Project Sdk=\"x\">\n  <PropertyGroup>\n    <TargetFramework>net8.0</TargetFramework>\n    <Version><![CDATA[@]]></Version>\n  </PropertyGroup>\n  <ItemGroup><PackageReference Include=\"y\" Version=\"0.1\" /></ItemGroup>\n</Project>\n",
    ),
    (
        "Directory.Build.props",
        None,
        "<Project><PropertyGroup Condition=\"1\"><VersionPrefix>@</VersionPrefix></PropertyGroup></Project>",
    ),
    (
        "Info.plist",
        None,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\"><dict>\n\t<key>CFBundleVersion</key>\n\t<string>7</string>\n\t<key>CFBundleShortVersionString</key>\n\t<string>@</string>\n</dict></plist>\n",
    ),
    (
        "src/lib.rs",
        None,
        "// const VERSION: &str = \"0.1\";\n/* const VERSION: &str = \"0.2\"; */\npub(crate) const VERSION: &'static str = \"@\"; // 0.3\nconst C: char = '\"';\nfn f<'a>(x: &'a str) { let VERSION = \"0.4\"; let s = r#\"const VERSION: &str = \"0.5\";\"#; }\n",
    ),
    (
        "src/v.rs",
        None,
        "impl X {\r\n    pub const VERSION: &str = \"@\";\r\n}\r\n",
    ),
    (
        "main.go",
        None,
        "package x\n\n// Version = \"0.1\"\nconst (\n\tName    = \"x\"\n\tVersion = \"@\" // 0.2\n)\n\nfunc f() {\n\tversion := \"0.3\"\n\t_ = `const Version = \"0.4\"`\n}\n",
    ),
    ("v.go", None, "var version string = \"@\"\n"),
    (
        "version.ts",
        None,
        "import {version} from './x';\nexport const VERSION = '@' as const;\nf({version: '0.1'}); const o = { version: \"0.2\" };\n",
    ),
    (
        "X.java",
        None,
        "public final class X {\n    public static final String VERSION = \"@\";\n    void f() { String version = \"0.1\"; }\n}\n",
    ),
    (
        "X.cs",
        None,
        "namespace X { static class V { internal const string Version = \"@\"; } }\n",
    ),
    (
        "x.php",
        None,
        "<?php\nclass X {\n  const VERSION = '@';\n  function f() { $version = '0.1'; }\n}\n",
    ),
    (
        "x.gemspec",
        None,
        "Gem::Specification.new do |s|\n  s.name = %q{x}\n  # s.version = \"0.1\"\n  s.version     = \"@\".freeze\n  s.required_ruby_version = \"0.2\"\nend\n",
    ),
    (
        "X.podspec",
        None,
        "Pod::Spec.new do |s|\n  s.version = '@'\n  s.source = { :tag => \"v#{s.version}\" }\nend\n",
    ),
    (
        "lib/x/version.rb",
        None,
        "# frozen_string_literal: true\n\nmodule X\n  VERSION = '@'.freeze\nend\n",
    ),
    (
        "mix.exs",
        None,
        "def project do\n  [\n    app: :x,\n    version: \"@\",\n    elixir: \"~> 1.15\"\n  ]\nend\n",
    ),
    (
        "build.gradle",
        None,
        "plugins {\n    id 'x' version '0.1'\n}\ngroup = 'x'\nversion '@'\ndependencies { implementation \"a:b:0.2\" }\n",
    ),
    (
        "build.gradle.kts",
        None,
        "plugins { id(\"x\") version \"0.1\" }\r\nallprojects {\r\n    version = \"@\"\r\n}\r\n",
    ),
    (
        "app/build.gradle",
        None,
        "android {\n    defaultConfig {\n        versionCode 7\n        versionName \"@\"\n    }\n}\n",
    ),
    (
        "default.nix",
        None,
        "{ lib }: stdenv.mkDerivation rec {\n  pname = \"x\";\n  version = \"@\"; # 0.1\n  src.rev = \"v${version}\";\n  doc = ''version = \"0.2\";'';\n}\n",
    ),
    (
        "meson.build",
        None,
        "project('x', 'c',\n  # version: '0.1',\n  version : '@',\n  meson_version: '>=0.2')\ndep = dependency('y', version: '0.3')\n",
    ),
    (
        "CMakeLists.txt",
        None,
        "cmake_minimum_required(VERSION 3.20)\n# project(x VERSION 0.1)\nPROJECT(x # c\n  DESCRIPTION \"VERSION 0.2\"\n  VERSION\t@\n  LANGUAGES CXX)\nfind_package(y VERSION 0.3)\n",
    ),
    ("CMakeLists.txt", None, "project(x VERSION \"@\")"),
    (
        "configure.ac",
        None,
        "dnl AC_INIT([x], [0.1])\nAC_PREREQ([2.69])\nAC_INIT([x],\n  [@],[bugs])\n",
    ),
    (
        "PKGBUILD",
        None,
        "pkgname=x\npkgver=@ # keep\npkgrel=1\nsource=(\"x-$pkgver.tar.gz\")\n",
    ),
    ("PKGBUILD", None, "pkgver='@'\n"),
    (
        "x.spec",
        None,
        "Name:\tx\r\nVersion:   @\r\nRequires: y >= 0.1\r\n%description\r\nVersion: 0.2\r\n",
    ),
    (
        "x.spec",
        None,
        "%global  upstream @\nVersion: %{upstream}\n%changelog\n* Mon - 0.1\n",
    ),
    (
        "DESCRIPTION",
        None,
        "Package: x\nVersion: @\nDepends: R (>= 0.1)\n",
    ),
    (
        "Dockerfile",
        None,
        "FROM a:0.1 AS b\n# LABEL version=\"0.2\"\nARG VERSION=@\nLABEL maintainer=\"x y\" \\\n      # version=\"0.3\"\n      org.opencontainers.image.version=\"@\" \\\n      \"version\"='@'\nRUN x version=0.4\n",
    ),
    (
        "web.Dockerfile",
        None,
        "label version @\r\nENV VERSION=0.1\r\nLABEL revision=$VERSION\r\n",
    ),
    (
        "README.md",
        None,
        "Version <!-- x-shipway-version -->**@** ([notes](https://x/v@))<!-- end --> of 0.1\n\n    pip install x==@  <!-- shipway:version -->\n",
    ),
    (
        "INSTALL.md",
        None,
        "curl https://x/releases/v@/x-@.tar.gz # shipway:version\ncurl y-0.1\n",
    ),
    ("x.toml", Some("{version}"), "v = 'x@'"),
];
