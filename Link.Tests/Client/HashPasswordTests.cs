using System.Text;
using System.Text.Json.Nodes;
using Link.Cli.Client;
using Link.Core.Api.Access;
using Link.Tests.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Client;

public sealed class HashPasswordTests
{
    [Fact]
    public async Task A_piped_password_gives_a_line_that_lets_in()
    {
        ClientResult result = await ClientRunner.RunAsync(["hash-password", "--user", "bob", "--role", "operate"], "sécret word\n");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.StartsWith("bob:operate:$pbkdf2-sha256$i=600000$", result.Output, StringComparison.Ordinal);
        using TemporaryFolder folder = new();
        string users = folder.Write("users", result.Output);
        await using RunningApi api = await RunningApi.StartAsync(options => options with { UsersFile = users });
        Assert.Equal(0, (await ClientRunner.RunAsync(["--host", api.Host, "version", "-u", "bob", "-p", "sécret word"])).Code);
        Assert.Equal(1, (await ClientRunner.RunAsync(["--host", api.Host, "version", "-u", "bob", "-p", "secret word"])).Code);
    }

    [Fact]
    public async Task Without_a_user_it_is_the_hash_alone_and_LINK_USER_is_nobody_s_name()
    {
        ClientResult result = await ClientRunner.RunAsync(["hash-password"], "secret", false, ("LINK_USER", "alice"), ("LINK_HOST", "ftp://nowhere"));
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.True(PasswordHash.Parse(result.Output.TrimEnd(), out _)!.Matches("secret"u8, 0));
    }

    [Fact]
    public async Task As_JSON_it_is_an_object_with_the_same_text()
    {
        ClientResult line = await ClientRunner.RunAsync(["hash-password", "-o", "json", "--user", "bob", "--role", "read"], "secret");
        ClientResult hash = await ClientRunner.RunAsync(["hash-password", "-o", "json"], "secret");
        Assert.StartsWith("bob:read:$pbkdf2-sha256$i=600000$", (string?)JsonNode.Parse(line.Output)!["line"], StringComparison.Ordinal);
        Assert.StartsWith("$pbkdf2-sha256$i=600000$", (string?)JsonNode.Parse(hash.Output)!["hash"], StringComparison.Ordinal);
        Assert.Equal(2, (await ClientRunner.RunAsync(["hash-password", "-o", "yaml"], "secret")).Code);
    }

    [Fact]
    public async Task At_a_terminal_it_is_asked_for_twice_and_not_shown()
    {
        (int code, string output, string error) = await AtTerminalAsync("secret", "secret");
        Assert.Equal((0, "Password: \nAgain: \n"), (code, error));
        Assert.True(PasswordHash.Parse(output.TrimEnd(), out _)!.Matches(Encoding.UTF8.GetBytes("secret"), 0));
        Assert.DoesNotContain("secret", output + error, StringComparison.Ordinal);

        (code, output, error) = await AtTerminalAsync("secret", "secert");
        Assert.Equal((2, "", "Password: \nAgain: \nlink-client: the two passwords are not the same. See: link-client hash-password --help\n"), (code, output, error));
        Assert.Equal(2, (await AtTerminalAsync((string?)null)).Code);
    }

    [Theory]
    [InlineData("", "", "the password is empty")]
    [InlineData("", "\n", "the password is empty")]
    [InlineData("", "a\nb\n", "the password has a line break or a control character")]
    [InlineData("--user bob", "p", "--user and --role go together")]
    [InlineData("--role read", "p", "--user and --role go together")]
    [InlineData("--user bob --role root", "p", "--role root is not known; use read, operate or admin")]
    [InlineData("--user b:b --role read", "p", "--user has a colon, a space or a control character")]
    public async Task What_gives_no_line_is_a_usage_error(string options, string input, string message)
    {
        ClientResult result = await ClientRunner.RunAsync(["hash-password", .. ClientRunner.Split(options)], input);
        Assert.Equal((2, "", $"link-client: {message}. See: link-client hash-password --help\n"), (result.Code, result.Output, result.Error));
    }

    private static async Task<(int Code, string Output, string Error)> AtTerminalAsync(params string?[] lines)
    {
        Queue<string?> typed = new(lines);
        using StringWriter output = new();
        using StringWriter error = new();
        ClientConsole console = new(output, error, _ => null, IsTerminal: true, Input: null, ReadHidden: typed.Dequeue);
        int code = await ClientProgram.RunAsync(["hash-password"], console, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
