using System.Net;
using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

public sealed class RotateTests
{
    private static readonly RotationSnapshot s_all = new() { Total = 4, Done = 4, StartedAt = DateTimeOffset.UnixEpoch, EndedAt = DateTimeOffset.UnixEpoch };

    private static readonly RotationSnapshot s_some = new() { Total = 4, Done = 3, Failed = 1, StartedAt = DateTimeOffset.UnixEpoch, EndedAt = DateTimeOffset.UnixEpoch, Error = "sec-1 opens with none of the keys" };

    [Theory]
    [InlineData("rotate-encryption-key", "4 of 4 secrets encrypted with the current key\n", false)]
    [InlineData("rotate-encryption-key --force", "4 of 4 secrets encrypted with the current key\n", true)]
    [InlineData("rotate-encryption-key -o json", "{\n  \"result\": \"rotated\",\n  \"total\": 4,\n  \"done\": 4,\n  \"failed\": 0\n}\n", false)]
    public async Task A_rotation_tells_how_many(string line, string output, bool force)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Rotation = s_all;
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, output, "", force), (result.Code, result.Output, result.Error, api.Agent.LastForce));
    }

    [Fact]
    public async Task A_host_without_secrets_says_so()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, "rotate-encryption-key");
        Assert.Equal((0, "this host has no secrets\n"), (result.Code, result.Output));
    }

    [Theory]
    [InlineData("rotate-encryption-key", "")]
    [InlineData("rotate-encryption-key -o json", "{\n  \"result\": \"failed\",\n  \"total\": 4,\n  \"done\": 3,\n  \"failed\": 1\n}\n")]
    public async Task Secrets_that_could_not_be_opened_are_exit_1(string line, string output)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Rotation = s_some;
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, s_some.Error));
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((1, output, "link-client: sec-1 opens with none of the keys\n"), (result.Code, result.Output, result.Error));
    }

    [Fact]
    public async Task Without_alternate_keys_it_is_exit_1_with_the_reason_and_no_figures_of_an_earlier_one()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Rotation = s_some;
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, "there are no alternate keys"));
        ClientResult result = await ClientRunner.RunAsync(api, "rotate-encryption-key -o json");
        Assert.Equal((1, "", "link-client: there are no alternate keys\n"), (result.Code, result.Output, result.Error));
    }

    [Fact]
    public async Task On_a_terminal_the_progress_is_shown_while_the_agent_works()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        TaskCompletionSource<Outcome> working = new(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Agent.Rotation = s_all with { Running = true, Done = 1 };
        api.Agent.Command = _ => working.Task;
        int asked = 0;
        api.Agent.Question = _ =>
        {
            // The first answer has been shown when the second is asked for.
            if (++asked == 2)
            {
                api.Agent.Rotation = s_all;
                working.SetResult(new Outcome(OutcomeStatus.Done));
            }

            return Task.CompletedTask;
        };
        ClientResult result = await ClientRunner.RunAsync(api, "rotate-encryption-key", isTerminal: true);
        Assert.Equal((0, "4 of 4 secrets encrypted with the current key\n"), (result.Code, result.Output));
        Assert.StartsWith("\r1 of 4 secrets", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("\r              \r", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 0, "4 of 4 secrets encrypted with the current key\n", "")]
    [InlineData("sec-1 opens with none of the keys", 1, "", "link-client: sec-1 opens with none of the keys\n")]
    public async Task A_rotation_that_outlives_its_request_is_followed_to_its_end(string? error, int code, string output, string complaint)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CommandDeadline = TimeSpan.FromMilliseconds(20) });
        TaskCompletionSource<Outcome> working = new(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Agent.Command = _ => working.Task;
        api.Agent.Rotation = s_all with { Running = true, Done = 1 };
        int asked = 0;
        api.Agent.Question = _ =>
        {
            if (++asked == 3)
            {
                api.Agent.Rotation = s_all with { Error = error };
                working.SetResult(new Outcome(OutcomeStatus.Done));
            }

            return Task.CompletedTask;
        };
        ClientResult result = await ClientRunner.RunAsync(api, "rotate-encryption-key");
        Assert.Equal((code, output, complaint), (result.Code, result.Output, result.Error));
    }

    [Theory]
    [InlineData("rotate-encryption-key", false, "secrets encrypted with the current key\n")]
    [InlineData("rotate-encryption-key", true, "secrets encrypted with the current key\n")]
    [InlineData("rotate-encryption-key -o json", false, "{\n  \"result\": \"rotated\"\n}\n")]
    public async Task LinKs_agent_knows_the_command_but_does_not_tell_its_progress(string line, bool isTerminal, string output)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task served = ServeLinKAsync(listener, end.Token);
        ClientResult result = await ClientRunner.RunAsync(["--host", listener.LocalEndpoint.ToString()!, .. ClientRunner.Split(line)], isTerminal);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => served);
        Assert.Equal((0, output, ""), (result.Code, result.Output, result.Error));
    }

    /// <summary>204 to POST, and Go's 405 to GET.</summary>
    private static async Task ServeLinKAsync(TcpListener listener, CancellationToken cancel)
    {
        while (true)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync(cancel);
            using StreamReader reader = new(client.GetStream(), Encoding.ASCII);
            string request = await reader.ReadLineAsync(cancel) ?? "";
            while (await reader.ReadLineAsync(cancel) is { Length: > 0 })
            {
            }

            string answer = request.StartsWith("POST /encrypted_storage/key_rotation ", StringComparison.Ordinal)
                ? "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
                : "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer), cancel);
        }
    }
}
