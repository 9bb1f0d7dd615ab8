namespace Link.Tests.Tidy;

/// <param name="Path">From the root, with <c>/</c>.</param>
internal sealed record SourceFile(string Path, string Text)
{
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public string Code => SourceTree.CodeOf(Text);
}
