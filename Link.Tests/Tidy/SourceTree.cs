using System.Text.RegularExpressions;

namespace Link.Tests.Tidy;

/// <summary>The repository's files, found from where the tests run.</summary>
internal static partial class SourceTree
{
    // In a second working tree .git is a file.
    private static readonly string[] Skipped = ["bin", "obj", "out", ".git", ".vs", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>The C# files under a folder of the root.</summary>
    public static IEnumerable<SourceFile> CSharp(params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder)).Where(Directory.Exists).SelectMany(FilesUnder).Where(path => path.EndsWith(".cs", StringComparison.Ordinal)).Select(Read);

    /// <summary>All text files.</summary>
    public static IEnumerable<SourceFile> All() => FilesUnder(Root).Select(Read).Where(file => !file.Text.Contains('\0'));

    /// <summary>Blanks out comments and the insides of strings, so that words in them do not count as code. Lines stay where they are.</summary>
    public static string CodeOf(string text) => NotCode().Replace(text, match => new string('\n', match.Value.Count(c => c == '\n')));

    private static SourceFile Read(string path) => new(Path.GetRelativePath(Root, path), File.ReadAllText(path));

    private static IEnumerable<string> FilesUnder(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Where(path => !Skipped.Contains(Path.GetFileName(path)))
            .SelectMany(path => Directory.Exists(path) ? FilesUnder(path) : [path]);

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "link.sln")))
                return directory.FullName;
        }

        throw new DirectoryNotFoundException($"There is no link.sln above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex("""""
        //[^\n]*|/\*.*?\*/|"{3}.*?"{3}|@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'
        """"", RegexOptions.Singleline)]
    private static partial Regex NotCode();
}
