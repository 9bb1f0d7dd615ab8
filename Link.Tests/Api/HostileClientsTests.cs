using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

/// <summary>What clients do to keep the API from others, or to end the agent. The end-to-end tests do the same to the executable, all at once.</summary>
public sealed class HostileClientsTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string Credentials = "Authorization: Basic dTpzZWNyZXQ=\r\n";

    private static readonly IPAddress s_otherSource = IPAddress.Parse("127.0.0.2");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stranger_has_one_answer_a_connection()
    {
        await using RunningApi api = await ProtectedAsync();
        string answers = await api.SendRawAsync(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 50)));
        Assert.Equal(1, Count(answers, "HTTP/1.1 401 "));
        Assert.Contains("Connection: close", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_locked_out_has_one_answer_a_connection_too()
    {
        await using RunningApi api = await ProtectedAsync();
        string wrong = "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTp3cm9uZw==\r\n\r\n";
        string answers = "";
        await Until.TrueAsync(async () => (answers = await api.SendRawAsync(wrong + wrong)).StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal));
        Assert.Equal(1, Count(answers, "HTTP/1.1 "));
    }

    [Fact]
    public async Task Silent_connections_of_one_source_keep_no_other_source_out_and_are_closed_in_time()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { MaxConnections = 16, FirstRequestDeadline = TimeSpan.FromSeconds(1) });
        List<TcpClient> crowd = [];
        for (int i = 0; i < 100; i++)
        {
            try
            {
                crowd.Add(await api.ConnectAsync());
            }
            catch (SocketException)
            {
                // Closed before it stood.
            }
        }

        Assert.Contains("200 OK", await SendFromAsync(api, s_otherSource, "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        foreach (TcpClient client in crowd)
        {
            Assert.Equal(0, await EndAsync(client));
            client.Dispose();
        }

        Assert.Single(api.Log, line => line.Contains("connections are open", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unfinished_bodies_get_408_and_those_that_find_no_room_503_with_the_time_to_come_again()
    {
        await using RunningApi api = await ProtectedAsync(options => options with
        {
            RequestBytes = 8 * 1024 * 1024,
            BudgetPatience = TimeSpan.FromMilliseconds(200),
            BodyDeadline = TimeSpan.FromSeconds(2),
        });
        string unfinished = $"PATCH /endpoints/{Id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{Credentials}Content-Length: 65536\r\n\r\n{{";
        Task<string>[] crowd = [.. Enumerable.Range(0, 20).Select(_ => FirstAnswerAsync(api, unfinished))];
        // A share for each source: another one is served meanwhile, body and all.
        string body = """{"healthchecks":[]}""";
        string honest = await SendFromAsync(api, s_otherSource, $"PATCH /endpoints/{Id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n{Credentials}Content-Length: {body.Length}\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 404 ", honest, StringComparison.Ordinal);
        string[] answers = await Task.WhenAll(crowd);
        string[] busy = [.. answers.Where(answer => answer.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal))];
        Assert.All(answers.Except(busy), answer => Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal));
        Assert.InRange(busy.Length, 1, 19);
        Assert.All(busy, answer => Assert.Contains("Retry-After: 1\r\n", answer, StringComparison.Ordinal));
        Assert.Empty(api.Log);
    }

    [Fact]
    public async Task A_command_keeps_the_memory_of_its_body_after_its_client_is_gone()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { RequestBytes = 4 * 64 * 1024, BudgetPatience = TimeSpan.FromMilliseconds(50) });
        TaskCompletionSource<Outcome> command = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int begun = 0;
        api.Agent.Command = _ =>
        {
            Interlocked.Increment(ref begun);
            return command.Task;
        };
        string body = $"{{\"healthchecks\":[]{new string(' ', 4000)}}}";
        using TcpClient client = await api.ConnectAsync();
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Patch(body)), Cancel);
        await Until.TrueAsync(() => Volatile.Read(ref begun) == 1);
        client.Dispose();
        await Until.TrueAsync(async () => (await api.SendRawAsync(Patch(body))).StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal));
        command.SetResult(new Outcome(OutcomeStatus.NotFound));
        await Until.TrueAsync(async () => (await api.SendRawAsync(Patch(body))).StartsWith("HTTP/1.1 404 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Above_the_ceiling_of_the_heap_requests_are_refused_and_come_again_later()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { HeapCeilingBytes = 1 });
        string answer = await api.SendRawAsync("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Contains("Retry-After: 1\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_for_which_there_is_no_memory_ends_alone()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => throw new OutOfMemoryException();
        ApiReply reply = await api.SendAsync("POST", "/drain");
        Assert.Equal((503, "1"), (reply.Status, reply.Header("Retry-After")));
        Assert.Equal(200, (await api.SendAsync("GET", "/version")).Status);
    }

    [Theory]
    [InlineData("ffffffffffff\r\n", 400)]
    [InlineData("7fffffff\r\nx", 408)]
    [InlineData("-1\r\n", 400)]
    [InlineData("1;x=y\r\nab\r\n", 400)]
    [InlineData("zz\r\n", 400)]
    [InlineData("2\r\n{}xx", 400)]
    public async Task Chunks_that_are_none_are_400_and_nothing_for_the_log(string chunks, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { BodyDeadline = TimeSpan.FromSeconds(2) });
        string answer = await FirstAnswerAsync(api, $"POST /ips HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Empty(api.Log);
        Assert.Equal(200, (await api.SendAsync("GET", "/version")).Status);
    }

    [Fact]
    public async Task A_long_list_comes_in_parts_and_is_the_same()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have([.. Enumerable.Range(0, 1001).Select(i => FakeAgent.Arp($"vip-5f09bd47-2074-4fe3-bea5-{i:d12}", $"10.1.{i / 256}.{i % 256}/32"))]);
        api.Agent.PageOf = int.MaxValue;
        ApiReply whole = await api.SendAsync("GET", "/endpoints");
        foreach (int size in new[] { 1, 7, 1000 })
        {
            api.Agent.PageOf = size;
            Assert.Equal(whole.Body, (await api.SendAsync("GET", "/endpoints")).Body);
            Assert.Equal(1001, JsonDocument.Parse((await api.SendAsync("GET", "/ips")).Body).RootElement.GetProperty("ips").GetArrayLength());
        }

        Assert.Equal("", (await api.SendAsync("HEAD", "/endpoints")).Body);
        Assert.NotNull(whole.Header("Content-Length"));
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_no_whole_answer()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { ReadDeadline = TimeSpan.FromMilliseconds(100) });
        api.Agent.Have([.. Enumerable.Range(0, 300).Select(i => FakeAgent.Arp($"vip-5f09bd47-2074-4fe3-bea5-{i:d12}", $"10.1.{i / 256}.{i % 256}/32"))]);
        int asked = 0;
        api.Agent.Question = cancel => Interlocked.Increment(ref asked) > 3 ? Task.Delay(Timeout.Infinite, cancel) : Task.CompletedTask;
        await Assert.ThrowsAsync<HttpRequestException>(() => api.SendAsync("GET", "/endpoints"));
        Assert.Contains(api.Log, line => line.StartsWith("api: a list broke off: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_does_not_read_an_answer_in_time_is_closed()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { AnswerDeadline = TimeSpan.FromMilliseconds(500) });
        api.Agent.Have([.. Enumerable.Range(0, 3000).Select(i => FakeAgent.Arp($"vip-5f09bd47-2074-4fe3-bea5-{i:d12}", $"10.1.{i / 256}.{i % 256}/32") with { Reason = new string('r', 5000) })]);
        using TcpClient client = await api.ConnectAsync();
        client.ReceiveBufferSize = 4096;
        await client.GetStream().WriteAsync("GET /endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
        await Until.TrueAsync(() => client.Client.Poll(0, SelectMode.SelectError) || IsReset(client));
    }

    [Fact]
    public async Task The_work_for_a_body_is_linear_in_it_and_so_is_the_memory()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string name = new('n', 128);
        foreach (string item in new[] { "0", "\"\"", "[]", "{}", "{\"a\":0}", "[[[[[]]]]]" })
        {
            Assert.InRange(Allocated(name, item, 8 * 500) / (double)Allocated(name, item, 500), 0, 12);
        }

        Assert.Equal(413, (await api.SendAsync("POST", "/ips", $"{{\"{name}\":[{string.Join(',', Enumerable.Repeat("0", 40_000))}]}}")).Status);
    }

    [Fact]
    public async Task A_name_of_more_than_128_characters_is_nobodys()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/endpoints", $"{{\"plugin_config\":{{\"{new string('n', 129)}\":1}}}}");
        Assert.Equal(400, reply.Status);
        Assert.Contains("has a name of 129 characters; at most 128", reply.Body, StringComparison.Ordinal);
        Assert.InRange(reply.Body.Length, 1, 300);
    }

    [Fact]
    public void Work_on_a_body_ends_with_its_client()
    {
        using JsonDocument document = JsonDocument.Parse("""{"a":[{"b":0}]}""");
        Assert.Throws<OperationCanceledException>(() => JsonAmbiguity.Find(document.RootElement, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void The_worst_case_of_all_guests_together_is_far_below_the_limit_of_the_heap()
    {
        ApiOptions options = new() { Version = "1" };
        // In, out, the head as text of two bytes a character with its copy, and Kestrel's objects as measured.
        const long objects = 16 * 1024;
        long connection = (2L * options.ConnectionBufferBytes) + (2 * 4096) + (4L * options.MaxHeadBytes) + objects;
        long worst = (connection * (options.MaxConnections + (options.MaxConnections / 4) + options.MaxSocketConnections)) + (2 * options.RequestBytes);
        Assert.InRange(worst, 1, options.HeapCeilingBytes * 3 / 4);
        Assert.InRange(options.HeapCeilingBytes, 1, HeapHardLimit() - (32 * 1024 * 1024));
    }

    private static long HeapHardLimit()
    {
        string project = File.ReadAllText(Path.Combine(Tidy.SourceTree.Root, "Link.Cli", "Link.Cli.csproj"));
        string value = System.Text.RegularExpressions.Regex.Match(project, "HeapHardLimit\" Value=\"([0-9]+)\"").Groups[1].Value;
        return long.Parse(value, CultureInfo.InvariantCulture);
    }

    private static long Allocated(string name, string item, int items)
    {
        byte[] text = Encoding.UTF8.GetBytes($"{{\"{name}\":[{string.Join(',', Enumerable.Repeat(item, items))}]}}");
        using JsonDocument document = JsonDocument.Parse(text);
        _ = JsonAmbiguity.Find(document.RootElement, Cancel);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(JsonAmbiguity.Find(document.RootElement, Cancel));
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static Task<RunningApi> ProtectedAsync(Func<ApiOptions, ApiOptions>? change = null) =>
        RunningApi.StartAsync(options => (change?.Invoke(options) ?? options) with { User = "u", Password = "secret" });

    private static string Patch(string body) =>
        $"PATCH /endpoints/{Id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static async Task<string> SendFromAsync(RunningApi api, IPAddress source, string request)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(source, 0));
        await socket.ConnectAsync(api.Server.Listening[0], Cancel);
        using NetworkStream stream = new(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancel);
        using StreamReader reader = new(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancel);
    }

    /// <summary>What comes first. Whoever has not sent all that it announced is reset some time later.</summary>
    private static async Task<string> FirstAnswerAsync(RunningApi api, string request)
    {
        using TcpClient client = await api.ConnectAsync();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancel);
        byte[] answer = new byte[4096];
        return Encoding.UTF8.GetString(answer, 0, await stream.ReadAsync(answer, Cancel));
    }

    private static async Task<int> EndAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], Cancel);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool IsReset(TcpClient client)
    {
        try
        {
            client.GetStream().Write("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
