using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Link.Core.Secrets;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Client;

[SupportedOSPlatform("linux")]
public sealed class GenerateKeyTests
{
    [Theory]
    [InlineData("", 44)]
    [InlineData("--hex", 64)]
    public async Task It_prints_one_line_each_time_another(string option, int length)
    {
        var seen = new HashSet<string>();
        for (int i = 0; i < 3; i++)
        {
            ClientResult result = await ClientRunner.RunAsync(["generate-key", .. ClientRunner.Split(option)]);
            Assert.Equal((0, ""), (result.Code, result.Error));
            Assert.Equal(length + 1, result.Output.Length);
            Assert.Null(KeyText.Fault(new Secret(result.Output.TrimEnd('\n'))));
            Assert.True(seen.Add(result.Output));
        }
    }

    [Fact]
    public async Task As_JSON_it_is_an_object()
    {
        ClientResult result = await ClientRunner.RunAsync(["generate-key", "-o", "json"]);
        Assert.Null(KeyText.Fault(new Secret((string)JsonNode.Parse(result.Output)!["key"]!)));
    }

    [Fact]
    public async Task A_file_is_its_owners_alone_and_the_key_is_not_printed()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "key");
        ClientResult result = await ClientRunner.RunAsync(["generate-key", "--file", path]);
        Assert.Equal((0, "", ""), (result.Code, result.Output, result.Error));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        string text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Null(KeyText.Fault(new Secret(text.TrimEnd('\n'))));

        string other = Path.Combine(folder.Path, "other");
        result = await ClientRunner.RunAsync(["generate-key", "--file", other, "-o", "json"]);
        Assert.Equal($$"""{"file":"{{other}}"}""", JsonNode.Parse(result.Output)!.ToJsonString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_exists_is_not_overwritten_nor_what_a_symlink_names(bool symlink)
    {
        using TemporaryFolder folder = new();
        string kept = folder.Write("kept", "the only copy");
        string path = symlink ? Path.Combine(folder.Path, "link") : kept;
        if (symlink)
            File.CreateSymbolicLink(path, kept);
        ClientResult result = await ClientRunner.RunAsync(["generate-key", "--file", path]);
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.Equal($"link-client: {path} exists and is not overwritten: what was encrypted with the key in it would be lost; give another name\n", result.Error);
        Assert.Equal("the only copy", await File.ReadAllTextAsync(kept, TestContext.Current.CancellationToken));

        // Nor made where a symlink points to nothing.
        File.Delete(kept);
        if (symlink)
        {
            Assert.Equal(1, (await ClientRunner.RunAsync(["generate-key", "--file", path])).Code);
            Assert.False(File.Exists(kept));
        }
    }

    [Fact]
    public async Task A_folder_that_does_not_exist_is_said()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "none", "key");
        ClientResult result = await ClientRunner.RunAsync(["generate-key", "--file", path]);
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.StartsWith($"link-client: {path} cannot be written: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await ClientRunner.RunAsync(["generate-key", "--file", ""])).Code);
    }
}
