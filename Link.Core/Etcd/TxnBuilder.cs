namespace Link.Core.Etcd;

/// <summary>Reads like the transaction it makes: <c>TxnBuilder.If(When.Absent(key)).Then(Op.Put(key, value, lease)).Else(Op.Get(key))</c>.</summary>
internal sealed class TxnBuilder
{
    private readonly TxnRequest _request = new();

    private TxnBuilder()
    {
    }

    /// <summary>All of the conditions must hold; none at all always holds.</summary>
    public static TxnBuilder If(params ReadOnlySpan<Compare> conditions)
    {
        var txn = new TxnBuilder();
        foreach (Compare condition in conditions)
            txn._request.Compare.Add(condition);
        return txn;
    }

    public TxnBuilder Then(params ReadOnlySpan<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
            _request.Success.Add(operation);
        return this;
    }

    public TxnBuilder Else(params ReadOnlySpan<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
            _request.Failure.Add(operation);
        return this;
    }

    public TxnRequest Build() => _request;

    public static implicit operator TxnRequest(TxnBuilder txn) => txn._request;
}
