using Google.Protobuf;

namespace Link.Core.Etcd;

internal sealed partial class EtcdClient
{
    /// <summary>The least time given to one attempt of a read, if the call has it.</summary>
    private static readonly TimeSpan ShortestAttempt = TimeSpan.FromMilliseconds(250);

    /// <summary>With less time left, an answer that was a failure is not asked for again.</summary>
    private static readonly TimeSpan LeastAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Not repeated once it was sent: on a failure that <see cref="EtcdException.MaybeApplied">may have been applied</see>, read and decide.
    /// </summary>
    public Task<TxnResponse> TxnAsync(TxnRequest request, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.Txn, request, timeout, cancel);

    public Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(request.Serializable ? Rpc.SerializableRange : Rpc.Range, request, timeout, cancel);

    public Task<RangeResponse> RangeAsync(EtcdRange range, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        RangeAsync(new RangeRequest { Key = range.Key, RangeEnd = range.End }, cancel, timeout);

    public Task<PutResponse> PutAsync(string key, string value, long lease = 0, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.Put, Op.Put(key, value, lease).RequestPut, timeout, cancel);

    public Task<DeleteRangeResponse> DeleteRangeAsync(EtcdRange range, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.DeleteRange, Op.Delete(range).RequestDeleteRange, timeout, cancel);

    public Task<CompactionResponse> CompactAsync(long revision, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.Compact, new CompactionRequest { Revision = revision, Physical = true }, timeout, cancel);

    /// <summary>The TTL granted, in seconds, is in the answer and may be larger than asked for (etcd's least is 1.5 election timeouts).</summary>
    /// <param name="id">0 lets etcd choose; otherwise the call is not repeated once it was sent.</param>
    public Task<LeaseGrantResponse> GrantLeaseAsync(long ttlSeconds, long id = 0, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(id == 0 ? Rpc.LeaseGrant : Rpc.LeaseGrant with { Repeatable = false }, new LeaseGrantRequest { TTL = ttlSeconds, ID = id }, timeout, cancel);

    /// <summary>Ends the lease and deletes its keys in one step.</summary>
    /// <exception cref="EtcdException">Kind LeaseNotFound: it has ended before, or by an attempt of this call whose answer was lost.</exception>
    public Task<LeaseRevokeResponse> RevokeLeaseAsync(long id, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.LeaseRevoke, new LeaseRevokeRequest { ID = id }, timeout, cancel);

    /// <summary>A lease that does not exist has the TTL -1.</summary>
    public Task<LeaseTimeToLiveResponse> TimeToLiveAsync(long id, bool keys, CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.LeaseTimeToLive, new LeaseTimeToLiveRequest { ID = id, Keys = keys }, timeout, cancel);

    /// <summary>What the member in use says of itself.</summary>
    public Task<StatusResponse> StatusAsync(CancellationToken cancel = default, TimeSpan? timeout = null) =>
        CallAsync(Rpc.Status, new StatusRequest(), timeout, cancel);

    /// <summary>Opens a stream in both directions, at another member if need be, within <paramref name="timeout"/>.</summary>
    internal Task<GrpcStream> OpenAsync(string path, TimeSpan timeout, CancellationToken cancel) =>
        AttemptAsync(
            repeatable: true, timeout,
            async (connection, attempt, stop) =>
            {
                string? token = await TokenAsync(connection, attempt, stop).ConfigureAwait(false);
                return await connection.OpenAsync(path, token, attempt, stop).ConfigureAwait(false);
            },
            isSuccess: false, cancel);

    private Task<TResponse> CallAsync<TResponse>(Rpc<TResponse> rpc, IMessage request, TimeSpan? timeout, CancellationToken cancel)
        where TResponse : IMessage<TResponse> =>
        AttemptAsync(
            rpc.Repeatable, timeout ?? _options.RequestTimeout,
            async (connection, attempt, stop) =>
            {
                string? token = await TokenAsync(connection, attempt, stop).ConfigureAwait(false);
                return await connection.CallAsync(rpc, request, token, attempt, stop).ConfigureAwait(false);
            },
            isSuccess: true, cancel);

    /// <summary>
    /// Tries until success, a failure that another try cannot heal, or the deadline. An attempt that can be repeated gets half of the time
    /// left, so that a silent member leaves time for another.
    /// </summary>
    private async Task<TResult> AttemptAsync<TResult>(
        bool repeatable, TimeSpan timeout, Func<EtcdConnection, TimeSpan, CancellationToken, Task<TResult>> attempt, bool isSuccess, CancellationToken cancel)
    {
        long start = Time.GetTimestamp();
        EtcdException? last = null;
        bool reauthenticated = false;
        for (int tries = 0; ; tries++)
        {
            cancel.ThrowIfCancellationRequested();
            TimeSpan left = timeout - Time.GetElapsedTime(start);
            // What a member has said is worth more than that it said nothing in the few milliseconds that were left.
            if (left <= TimeSpan.Zero || last is { IsAnswer: true } && left < LeastAgain)
                throw last ?? new EtcdException(EtcdFailure.Timeout, EtcdOptions.NameOf(CurrentEndpoint), $"no answer within {TransportFault.Text(timeout)}");
            EtcdConnection? connection = null;
            long since = Time.GetTimestamp();
            try
            {
                connection = await ConnectionAsync(left, last, cancel).ConfigureAwait(false);
                left = timeout - Time.GetElapsedTime(start);
                TimeSpan share = repeatable && _endpoints.Length > 1 ? Max(left / 2, Min(left, ShortestAttempt)) : left;
                TResult result = await attempt(connection, Max(share, TimeSpan.FromMilliseconds(1)), cancel).ConfigureAwait(false);
                if (isSuccess)
                    ReportSuccess(connection);
                return result;
            }
            catch (EtcdException fault)
            {
                if (connection is null)
                    throw;
                Report(connection, fault, since);
                bool isTokenFault = IsTokenFault(fault) && _options.User is not null && !reauthenticated;
                reauthenticated |= isTokenFault;
                if (!isTokenFault && !(fault.IsTransient && (repeatable || !fault.MaybeApplied)))
                    throw;
                last = fault;
                if (fault.IsAnswer && !isTokenFault)
                    await Task.Delay(Min(Backoff(tries), Max(timeout - Time.GetElapsedTime(start), TimeSpan.Zero)), Time, cancel).ConfigureAwait(false);
            }
            catch (ObjectDisposedException) when (_closed.IsCancellationRequested)
            {
                throw new ObjectDisposedException(nameof(EtcdClient));
            }
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
