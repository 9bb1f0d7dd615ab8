using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Api.Access;

/// <summary>
/// Passes requests on to an API as they are, one a connection, and writes them down. It serves pages too, as somebody does who first has a name point to
/// their own server and then to another's.
/// </summary>
internal sealed class RecordingRelay : IDisposable
{
    private const int MaxHeadBytes = 64 * 1024;

    private readonly IPEndPoint _api;
    private readonly IReadOnlyDictionary<string, string> _pages;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<RecordedRequest> _requests = [];

    /// <param name="api">Where requests go.</param>
    /// <param name="pages">Text of each page, by its path.</param>
    public RecordingRelay(IPEndPoint api, IReadOnlyDictionary<string, string> pages)
    {
        (_api, _pages) = (api, pages);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What went to the API so far.</summary>
    public IReadOnlyList<RecordedRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = ServeAsync(client, _stop.Token);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken cancel)
    {
        try
        {
            using (client)
            {
                NetworkStream browser = client.GetStream();
                if (await ReadRequestAsync(browser, cancel) is not var (line, headers, bytes))
                {
                    return;
                }

                string answer;
                if (_pages.TryGetValue(line.Split(' ')[1], out string? page))
                {
                    answer = $"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(page)}\r\n\r\n{page}";
                }
                else
                {
                    answer = await PassOnAsync(bytes, cancel);
                    lock (_requests)
                    {
                        _requests.Add(new RecordedRequest(line[..line.LastIndexOf(' ')], headers, int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture)));
                    }
                }

                await browser.WriteAsync(Encoding.Latin1.GetBytes(answer), cancel);
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The browser has gone, or the test has.
        }
    }

    private async Task<string> PassOnAsync(byte[] request, CancellationToken cancel)
    {
        using TcpClient api = new();
        await api.ConnectAsync(_api, cancel);
        await api.GetStream().WriteAsync(request, cancel);
        using StreamReader reader = new(api.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync(cancel);
    }

    /// <summary>The request line, the headers, and all of the request's bytes with <c>Connection: close</c> instead of what it said.</summary>
    private static async Task<(string Line, Dictionary<string, string> Headers, byte[] Bytes)?> ReadRequestAsync(NetworkStream stream, CancellationToken cancel)
    {
        byte[] buffer = new byte[MaxHeadBytes];
        int length = 0;
        int end;
        while ((end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            if (count == 0)
            {
                return null;
            }

            length += count;
        }

        string[] lines = Encoding.Latin1.GetString(buffer, 0, end).Split("\r\n");
        Dictionary<string, string> headers = lines[1..].Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[^1], StringComparer.OrdinalIgnoreCase);
        int bodyBytes = headers.TryGetValue("Content-Length", out string? declared) ? int.Parse(declared, CultureInfo.InvariantCulture) : 0;
        byte[] body = new byte[bodyBytes];
        int have = Math.Min(bodyBytes, length - end - 4);
        buffer.AsSpan(end + 4, have).CopyTo(body);
        await stream.ReadExactlyAsync(body.AsMemory(have), cancel);
        string head = string.Join("\r\n", lines.Where(line => !line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase)).Append("Connection: close"));
        return (lines[0], headers, [.. Encoding.Latin1.GetBytes(head), .. "\r\n\r\n"u8, .. body]);
    }
}
