using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Link.Core.Etcd;

/// <summary>
/// Whether an answer has the parts that its request asks for. etcd's have; one of a broken member, or of something else that speaks gRPC, gets no further
/// than the client, so that whoever asked need not look.
/// </summary>
internal static class AnswerShape
{
    /// <summary>What is wrong; null: nothing.</summary>
    public static string? Fault(IMessage request, IMessage answer) => (request, answer) switch
    {
        (TxnRequest, TxnResponse { Header: null }) or (RangeRequest, RangeResponse { Header: null }) => "the answer has no revision",
        (TxnRequest asked, TxnResponse told) when !Fits(asked, told) => "the answer is not one to the transaction that was asked",
        _ => null,
    };

    /// <summary>What is wrong with what a watch tells; null: nothing.</summary>
    public static string? Fault(WatchResponse told)
    {
        // A refusal is told by its reason alone.
        if (told.Canceled)
            return null;
        if (told.Header is null)
            return "a watch told something without a revision";
        foreach (Event news in told.Events)
        {
            if (news.Kv is null)
                return "a watch told of a change without its key";
        }

        return null;
    }

    // As deep as the request, which is ours.
    private static bool Fits(TxnRequest asked, TxnResponse told)
    {
        // No condition at all always holds.
        if (asked.Compare.Count == 0 && !told.Succeeded)
            return false;
        RepeatedField<RequestOp> operations = told.Succeeded ? asked.Success : asked.Failure;
        if (told.Responses.Count != operations.Count)
            return false;
        for (int i = 0; i < operations.Count; i++)
        {
            ResponseOp response = told.Responses[i];
            bool fits = operations[i].RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestRange => response.ResponseCase == ResponseOp.ResponseOneofCase.ResponseRange,
                RequestOp.RequestOneofCase.RequestPut => response.ResponseCase == ResponseOp.ResponseOneofCase.ResponsePut,
                RequestOp.RequestOneofCase.RequestDeleteRange => response.ResponseCase == ResponseOp.ResponseOneofCase.ResponseDeleteRange,
                _ => response.ResponseCase == ResponseOp.ResponseOneofCase.ResponseTxn && Fits(operations[i].RequestTxn, response.ResponseTxn),
            };
            if (!fits)
                return false;
        }

        return true;
    }
}
