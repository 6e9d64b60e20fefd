// Line: a queue of requests.
#pragma once

namespace cairn::store {

/// First in, first out, through the requests' own links.
template <typename Request>
class Line {
 public:
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] Request* front() const { return head_; }
  void push(Request& request) {
    request.next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = &request;
    tail_ = &request;
  }
  Request* pop() {
    Request* request = head_;
    if (request == nullptr) return nullptr;
    head_ = request->next;
    if (head_ == nullptr) tail_ = nullptr;
    request->next = nullptr;
    return request;
  }

 private:
  Request* head_ = nullptr;
  Request* tail_ = nullptr;
};

}  // namespace cairn::store
