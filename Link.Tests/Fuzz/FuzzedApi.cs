using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Api;

namespace Link.Tests.Fuzz;

/// <summary>A server that is sent bytes as they are, over connections of their own. Its agent does whatever it is told.</summary>
internal sealed class FuzzedApi
{
    private const int LongestAnswer = 8 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly RunningApi _api;

    private FuzzedApi(RunningApi api) => _api = api;

    /// <summary>Ends with the process.</summary>
    public static FuzzedApi Start()
    {
        // Open: who it is does not matter here, and a connection that ended early would be told of in the log.
        RunningApi api = Task.Run(static () => RunningApi.StartAsync(static options => options with { Loopback = LoopbackPolicy.Open })).GetAwaiter().GetResult();
        api.Agent.Have(FakeAgent.Arp("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf", "10.0.0.1/32"));
        api.Agent.Command = static _ => Task.FromResult(new Outcome(OutcomeStatus.Done, Endpoint: FakeAgent.Arp("vip-1", "10.0.0.1/32")));
        return new FuzzedApi(api);
    }

    /// <summary>Sends, says that no more comes, and hears out the answer.</summary>
    /// <exception cref="InvalidOperationException">The answer is none, or tells of a fault.</exception>
    public void Send(ReadOnlySpan<byte> bytes, int firstPiece)
    {
        int logged = _api.Log.Count;
        string answer = Exchange(bytes, firstPiece);
        // Who speaks HTTP/2 is told so by a frame of it (GOAWAY, HTTP_1_1_REQUIRED).
        if (answer.Length > 0 && answer[0] != '\0' && !answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
            throw new InvalidOperationException($"an answer that is no HTTP: {answer[..Math.Min(answer.Length, 100)]}");
        if (answer.Contains("HTTP/1.1 500 ", StringComparison.Ordinal) || _api.Log.Count > logged)
            throw new InvalidOperationException($"{answer[..Math.Min(answer.Length, 300)]}\n{string.Join('\n', _api.Log.Skip(logged).Take(1))}");
    }

    /// <exception cref="InvalidOperationException">It does not go on.</exception>
    public void CheckItGoesOn()
    {
        string answer = Exchange("GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8, int.MaxValue, isWhole: true);
        if (!answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            throw new InvalidOperationException($"the server does not go on: {answer}");
    }

    private string Exchange(ReadOnlySpan<byte> bytes, int firstPiece, bool isWhole = false)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = (int)s_patience.TotalMilliseconds, SendTimeout = (int)s_patience.TotalMilliseconds };
        var answer = new StringBuilder();
        try
        {
            socket.Connect(_api.Server.Listening[0]);
            firstPiece = Math.Min(firstPiece, bytes.Length);
            SendAll(socket, bytes[..firstPiece]);
            SendAll(socket, bytes[firstPiece..]);
            // To a server, the end of what is sent may be the end of the client: it has a moment to answer before.
            _ = socket.Poll(TimeSpan.FromMilliseconds(2), SelectMode.SelectRead);
            if (!isWhole)
                socket.Shutdown(SocketShutdown.Send);
            byte[] block = new byte[4096];
            for (int count; (count = socket.Receive(block)) > 0;)
            {
                answer.Append(Encoding.Latin1.GetString(block, 0, count));
                if (answer.Length > LongestAnswer)
                    throw new InvalidOperationException($"an answer of more than {LongestAnswer} bytes");
            }
        }
        catch (SocketException closed) when (closed.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // It has heard enough.
        }

        return answer.ToString();
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }
}
