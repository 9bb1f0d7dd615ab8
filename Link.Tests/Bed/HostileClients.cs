using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>
/// Clients of an agent's API that mean harm: so many connections at a time, from several addresses of one host, each opened again when the agent has
/// closed it. They end with this object.
/// </summary>
/// <param name="from">Where they are.</param>
/// <param name="target">The API.</param>
/// <param name="sources">Addresses of that host, taken in turn.</param>
/// <param name="user">Name and password for the attacks that need them: a role of operate will do.</param>
/// <param name="tls">Over https.</param>
internal sealed class HostileClients(NetworkNamespace from, IPEndPoint target, IReadOnlyList<IPAddress> sources, NetworkCredential user, bool tls) : IAsyncDisposable
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _clients = [];
    private int _opened;
    private int _answered;

    /// <summary>Connections that stood.</summary>
    internal int Opened => _opened;

    /// <summary>Those of them that the agent answered.</summary>
    internal int Answered => _answered;

    private string Credentials => $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.UserName}:{user.Password}"))}\r\n";

    /// <summary>Requests without credentials, one behind the other, whose answers nobody reads.</summary>
    internal void Pipeline(int count) => Start(count, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", endless: true, reads: false);

    /// <summary>The same with credentials, for the longest answer there is.</summary>
    internal void PipelineLists(int count) => Start(count, $"GET /endpoints HTTP/1.1\r\nHost: h\r\n{Credentials}\r\n", endless: true, reads: false);

    internal void Silent(int count) => Start(count, "", endless: false, reads: true);

    /// <summary>Bodies that begin and do not go on.</summary>
    internal void Unfinished(int count) => Start(count, $"{Patch(65536)}{{\"a\":", endless: false, reads: true);

    /// <summary>Bodies of a mebibyte.</summary>
    internal void Mebibytes(int count) => Start(count, Patch(1 << 20) + new string(' ', 1 << 20), endless: false, reads: true);

    /// <summary>A long name over as many values as there is room for.</summary>
    internal void LongNames(int count)
    {
        string small = $"{{\"healthchecks\":[],\"{new string('n', 128)}\":[{string.Join(',', Enumerable.Repeat("0", 32_000))}]}}";
        string large = $"{{\"{new string('n', 60_000)}\":[{string.Join(',', Enumerable.Repeat("0", 400_000))}]}}";
        Start(count / 2, Patch(small.Length) + small, endless: false, reads: true);
        Start(count - (count / 2), Patch(large.Length) + large, endless: false, reads: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients);
        _end.Dispose();
    }

    private string Patch(int length) =>
        $"PATCH /endpoints/{Id} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{Credentials}Content-Length: {length}\r\n\r\n";

    private void Start(int count, string request, bool endless, bool reads)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(endless ? string.Concat(Enumerable.Repeat(request, 100)) : request);
        for (int i = 0; i < count; i++)
        {
            IPAddress source = sources[_clients.Count % sources.Count];
            _clients.Add(Task.Run(() => AttackAsync(source, bytes, endless, reads)));
        }
    }

    private async Task AttackAsync(IPAddress source, byte[] request, bool endless, bool reads)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(source, request, endless, reads);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                // Refused, reset or closed: that is what should happen.
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task ConnectAsync(IPAddress source, byte[] request, bool endless, bool reads)
    {
        using Socket socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 });
        socket.Bind(new IPEndPoint(source, 0));
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        patience.CancelAfter(Patience);
        await socket.ConnectAsync(target, patience.Token);
        Interlocked.Increment(ref _opened);
        await using Stream stream = await OpenAsync(new NetworkStream(socket), patience.Token);
        do
        {
            await stream.WriteAsync(request, patience.Token);
        }
        while (endless);

        if (reads)
        {
            byte[] answer = new byte[1024];
            while (await stream.ReadAsync(answer, patience.Token) > 0)
            {
                Interlocked.Increment(ref _answered);
            }
        }
    }

    private async Task<Stream> OpenAsync(Stream plain, CancellationToken cancel)
    {
        if (!tls)
        {
            return plain;
        }

        SslStream encrypted = new(plain, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "agent" }, cancel);
        return encrypted;
    }
}
